#!/usr/bin/env python3
"""The eight workloads of compare.py in Python torch, as a user writes them: one process, no DistributedDataParallel.

usage: torch_eager.py WORKLOAD BATCH SIDE STEPS THREADS [tuned]
Prints the seconds of every step as JSON. `tuned` is what a user who read PyTorch's performance guide adds: channels_last
for networks of convolutions and the fused optimizer. The images are Fashion-MNIST's, made into SIDE pixels on the fly.
"""
import json
import os
import pathlib
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_side import cnn, prepared, read, resnet18

DATA = pathlib.Path(os.environ.get("BATCHWRIGHT_DATA", "/usr/share/datasets")) / "fashion-mnist"


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))


def conv_bn(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        expand = [conv_bn(inputs, hidden, 1)] if expansion > 1 else []
        self.body = nn.Sequential(
            *expand, conv_bn(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.is_residual else self.body(x)


def mobilenetv2():
    layers, inputs = [conv_bn(1, 32, 3, 2)], 32
    for expansion, outputs, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(count):
            layers.append(InvertedResidual(inputs, outputs, stride if i == 0 else 1, expansion))
            inputs = outputs
    return nn.Sequential(
        *layers, conv_bn(320, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 10))


def two_layers(width, hidden):
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = two_layers(width, 4 * width)

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.proj(y)
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, side=64, patch=8, width=256, depth=6, heads=8):
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*[TransformerBlock(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class MixerBlock(nn.Module):
    def __init__(self, tokens, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.tokens, self.channels = two_layers(tokens, 128), two_layers(width, 4 * width)

    def forward(self, x):
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self, side=64, patch=8, width=256, depth=6):
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, patch)
        self.blocks = nn.Sequential(*[MixerBlock((side // patch) ** 2, width) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.patches(x).flatten(2).transpose(1, 2))).mean(1))


NETWORKS = {"mlp": mlp, "cnn": cnn, "mobilenetv2": mobilenetv2, "resnet18": resnet18, "vit_mini": Vit, "mixer_mini": Mixer}
CONVOLUTIONS = {"cnn", "mobilenetv2", "resnet18"}


def main():
    name, (batch, side, steps, threads) = sys.argv[1], map(int, sys.argv[2:6])
    is_tuned = sys.argv[6:] == ["tuned"]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    images, labels = read(DATA, "train")
    model = NETWORKS[name]()
    layout = torch.channels_last if is_tuned and name in CONVOLUTIONS else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=is_tuned)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    seconds = []
    for step in range(steps):
        begin = time.perf_counter()
        chosen = order[(step * batch) % (len(order) - batch):][:batch]
        x = prepared(images[chosen], side)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x.contiguous(memory_format=layout)), labels[chosen])
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": seconds, "parameters": sum(p.numel() for p in model.parameters())}))


main()
