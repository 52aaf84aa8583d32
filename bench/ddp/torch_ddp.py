#!/usr/bin/env python3
"""What a user would write instead: resnet18 in PyTorch under DistributedDataParallel over Gloo, defaults everywhere.

Started by compare.py, one process a rank: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT; the arguments are the data set's
folder, the global batch, the steps and the threads of a rank. Rank 0 prints the seconds of every step as JSON.
"""
import json
import os
import pathlib
import sys
import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_side import prepared, read, resnet18

SIDE = 32


def main():
    folder, batch, steps, threads = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    model = resnet18()
    if world > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images, labels = read(folder, "train")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    share, seconds = batch // world, []
    for step in range(steps):
        begin = time.perf_counter()
        chosen = order[step * batch + rank * share:][:share]
        x = prepared(images[chosen], SIDE)
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
