#!/usr/bin/env python3
"""What a user would write instead: half of the trials of a sweep, one after the other, in plain PyTorch.

Started by compare.py, one process a device; the arguments are the data set's folder, the learning rates, and the steps,
batch and threads. Says "ready" once torch and the data are loaded, waits for a line, trains, says "done".
"""
import json
import pathlib
import sys

import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_side import cnn, prepared, read


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
