#!/usr/bin/env python3
"""What a user would write instead: half of the trials of a sweep, one after the other, in plain PyTorch.

Started by compare.py, one process a device; the arguments are the data set's folder, the learning rates, and the steps,
batch and threads. Says "ready" once torch and the data are loaded, waits for a line, trains, says "done".
"""
import gzip
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

MEAN, DEVIATION = 0.2860, 0.3530


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 10))


def read(folder, part):
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    return (torch.frombuffer(bytearray(images[16:]), dtype=torch.uint8).reshape(-1, 1, 28, 28),
            torch.frombuffer(bytearray(labels[8:]), dtype=torch.uint8).long())


def prepared(images):
    return (images.float() / 255 - MEAN) / DEVIATION


def train(rate, steps, batch, train_set, test_set):
    torch.manual_seed(0)
    model = cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    images, labels = train_set
    order = torch.randperm(len(images))
    for step in range(steps):
        begin = step * batch % (len(images) - batch + 1)
        chosen = order[begin:begin + batch]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(prepared(images[chosen])), labels[chosen])
        loss.backward()
        optimizer.step()
        loss.item()
    model.eval()
    correct = 0
    with torch.inference_mode():
        for begin in range(0, len(test_set[0]), batch):
            logits = model(prepared(test_set[0][begin:begin + batch]))
            correct += (logits.argmax(1) == test_set[1][begin:begin + batch]).sum().item()
    return correct / len(test_set[0])


def main():
    folder, rates = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
    steps, batch, threads = map(int, sys.argv[3:6])
    torch.set_num_threads(threads)
    sets = read(folder, "train"), read(folder, "t10k")
    print("ready", flush=True)
    sys.stdin.readline()
    for rate in rates:
        print(train(rate, steps, batch, *sets), flush=True)
    print("done", flush=True)


main()
