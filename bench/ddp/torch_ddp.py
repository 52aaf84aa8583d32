#!/usr/bin/env python3
"""What a user would write instead: resnet18 in PyTorch under DistributedDataParallel over Gloo, defaults everywhere.

Started by compare.py, one process a rank: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT; the arguments are the data set's
folder, the global batch, the steps and the threads of a rank. Rank 0 prints the seconds of every step as JSON.
"""
import gzip
import json
import os
import pathlib
import sys
import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F

SIDE, MEAN, DEVIATION = 32, 0.2860, 0.3530


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


def resnet18(channels, classes):
    blocks = []
    for inputs, outputs, stride in [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1),
                                    (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]:
        blocks.append(BasicBlock(inputs, outputs, stride))
    return nn.Sequential(
        nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def read_images(folder):
    data = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    images = torch.frombuffer(bytearray(data[16:]), dtype=torch.uint8).reshape(-1, 1, 28, 28)
    labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
    return images, torch.frombuffer(bytearray(labels[8:]), dtype=torch.uint8).long()


def main():
    folder, batch, steps, threads = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    model = resnet18(1, 10)
    if world > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images, labels = read_images(folder)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    share, seconds = batch // world, []
    for step in range(steps):
        begin = time.perf_counter()
        chosen = order[step * batch + rank * share:][:share]
        x = (images[chosen].float() / 255 - MEAN) / DEVIATION
        x = F.interpolate(x, SIDE, mode="bilinear", align_corners=False)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels[chosen])
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - begin)
    if rank == 0:
        print(json.dumps({"seconds": seconds, "parameters": sum(p.numel() for p in model.parameters())}))
    dist.destroy_process_group()


main()
