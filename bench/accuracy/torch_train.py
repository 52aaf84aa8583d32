#!/usr/bin/env python3
"""resnet18 on Fashion-MNIST in plain PyTorch: the recipe of compare.py, one seed. One line of JSON on stdout.

  python torch_train.py DATA SEED STEPS BATCH RATE THREADS

Standard library and torch only. The network is torchvision's resnet18 with one input channel; initial values as
Batchwright's: He normal (fan out) convolutions, a last layer of N(0, 0.001).
"""
import gzip
import json
import math
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn

MEAN, DEVIATION = 0.2860, 0.3530  # of the training pixels


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        blocks, before = [], 64
        for channels in (64, 128, 256, 512):
            for i in range(2):
                blocks.append(Block(before, channels, 2 if i == 0 and channels > 64 else 1))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(512, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.fc.weight, 0, 1e-3)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def read(folder, split):
    tensors = []
    for kind in ("images-idx3", "labels-idx1"):
        path = next(p for p in folder.iterdir() if p.name in (f"{split}-{kind}-ubyte", f"{split}-{kind}-ubyte.gz"))
        data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
        sizes = struct.unpack(">" + "I" * data[3], data[4:4 + 4 * data[3]])
        tensors.append(torch.frombuffer(bytearray(data[4 + 4 * data[3]:]), dtype=torch.uint8).view(sizes))
    images, labels = tensors
    return ((images.float() / 255 - MEAN) / DEVIATION)[:, None], labels.long()


def main():
    folder, seed, steps, batch, rate, threads = pathlib.Path(sys.argv[1]), *map(float, sys.argv[2:])
    steps, batch = int(steps), int(batch)
    torch.set_num_threads(int(threads))
    torch.manual_seed(int(seed))
    images, labels = read(folder, "train")
    network = ResNet18()
    optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=5e-4)
    order = torch.randperm(len(images))
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        chosen = order[step * batch:(step + 1) * batch]
        loss = F.cross_entropy(network(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    images, labels = read(folder, "t10k")
    with torch.no_grad():
        correct = sum((network(x).argmax(1) == y).sum().item() for x, y in zip(images.split(500), labels.split(500)))
    print(json.dumps({"seed": int(seed), "test_accuracy": correct / len(images), "last_losses": losses[-20:]}))


if __name__ == "__main__":
    main()
