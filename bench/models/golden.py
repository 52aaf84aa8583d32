#!/usr/bin/env python3
"""Reference outputs of torchvision's, timm's and own_networks.py's networks, for `model_golden`: the same deterministic
values in parameters, running statistics and input, made by another program.

  python golden.py OUT.json NAME[:CLASSES[:CxHxW]]...      tv_resnet34:7:3x64x64 timm_mixer_b16_224:5
  build/release/bin/model_golden OUT.json

Names are `tv_` or `timm_` and the library's, or one of own_networks.py. The Python that runs it needs torch, torchvision, timm and numpy. The fill:
t(i) = (mix(i + s) >> 8) * 2^-23 - 1 with a seed s from the tensor's role and shape (and, for `ordinal`, its place in
registration order); weights are scaled by gain * sqrt(3 / fan_in), scales are 1 +- 0.1, biases and means +- 0.1,
variances 1 +- 0.5. `shape` outputs are computed in float64, `ordinal` ones in float32.
"""
import argparse
import json
import math
import sys

import numpy as np
import torch

import own_networks

INPUT, WEIGHT, SCALE, BIAS, MEAN, VARIANCE, EMBEDDING = range(7)
CENTER_AND_AMPLITUDE = {SCALE: (1, 0.1), BIAS: (0, 0.1), MEAN: (0, 0.1), VARIANCE: (1, 0.5), EMBEDDING: (0, 0.1)}
WORD = 0xFFFFFFFF


def mix(x):
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def mix_one(x):
    return int(mix(np.array([x & WORD], dtype=np.uint32))[0])


def seed_of(role, shape, ordinal=None):
    seed = mix_one(role * 0x9E3779B9)
    for size in shape:
        if size != 1:
            seed = mix_one(seed ^ size)
    return seed if ordinal is None else mix_one(seed ^ (0x51ED0000 + ordinal))


def values(seed, count):
    index = np.arange(count, dtype=np.uint32) + np.uint32(seed)
    return (mix(index) >> np.uint32(8)).astype(np.float64) * 2.0 ** -23 - 1.0


def fill(tensor, role, ordinal, gain2):
    if role == WEIGHT:
        center, amplitude = 0.0, math.sqrt(gain2) * math.sqrt(3.0 / (tensor.numel() // tensor.shape[0]))
    else:
        center, amplitude = CENTER_AND_AMPLITUDE[role]
    t = values(seed_of(role, tensor.shape, ordinal), tensor.numel())
    tensor.copy_(torch.from_numpy((center + amplitude * t).astype(np.float32)).view(tensor.shape))


def role_of(name, tensor):
    if any(part in name for part in ("cls_token", "class_token", "pos_embed")):
        return EMBEDDING
    if tensor.squeeze().dim() >= 2:
        return WEIGHT
    return BIAS if name.endswith(("bias", "beta")) else SCALE


def fill_network(network, is_ordinal, gain2):
    with torch.no_grad():
        for i, (name, tensor) in enumerate(network.named_parameters()):
            fill(tensor, role_of(name, tensor), i if is_ordinal else None, gain2)
        statistics = [(n, b) for n, b in network.named_buffers() if n.endswith(("running_mean", "running_var"))]
        for i, (name, tensor) in enumerate(statistics):
            fill(tensor, MEAN if name.endswith("mean") else VARIANCE, i if is_ordinal else None, gain2)


def image(channels, height, width):
    t = values(seed_of(INPUT, (channels, height, width)), channels * height * width).reshape(channels, height, width)
    c, h, w = np.meshgrid(*map(np.arange, (channels, height, width)), indexing="ij")
    return torch.from_numpy((np.sin(0.07 * h + 0.11 * (c + 1) * w) + 0.25 * t).astype(np.float32))[None]


def build(name, classes, channels, height, width):
    library, _, plain = name.partition("_")
    if not library.startswith("tv") and library != "timm":
        network = own_networks.build(name, classes, channels, height, width)
        if network is None:
            raise ValueError("no such network")
    elif library.startswith("tv"):
        import torchvision
        options = {"weights": None, "num_classes": classes}
        if plain in ("googlenet", "inception_v3"):
            options.update(aux_logits=False, init_weights=False, transform_input=False)
        if plain.startswith("vit_"):
            options["image_size"] = height
        network = torchvision.models.get_model(plain, **options)
    else:
        import timm
        options = {"num_classes": classes, "in_chans": channels}
        if any(plain.startswith(family) for family in ("mixer", "resmlp", "gmlp", "vit")):
            options["img_size"] = (height, width)
        network = timm.create_model(plain, pretrained=False, **options)
    return network.eval()


def summary(logits):
    logits = logits.double().flatten()
    return {"logits": logits[:10].tolist(), "sum": logits.sum().item(), "absmax": logits.abs().max().item(),
            "std": logits.std().item() if logits.numel() > 1 else 0.0, "argmax": logits.argmax().item()}


def entry(name, classes, channels, height, width, gain2):
    network = build(name, classes, channels, height, width)
    x = image(channels, height, width)
    with torch.no_grad():
        fill_network(network, False, gain2)
        shape = summary(network.double()(x.double()))
        fill_network(network.float(), True, gain2)
        ordinal = summary(network(x))
    parameters = list(network.parameters())
    library = {"tv": "torchvision", "tv10": "torchvision", "timm": "timm"}.get(name.partition("_")[0], "own")
    return {"lib": library, "n_classes": classes,
            "input": [1, channels, height, width], "gain2": gain2, "params": sum(p.numel() for p in parameters),
            "n_param_tensors": len(parameters), "shape": shape, "ordinal": ordinal}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--gain2", type=float, default=1.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    models = {}
    for text in options.names:
        name, classes, shape = (text.split(":") + ["1000", "3x224x224"][text.count(":"):])[:3]
        try:
            models[name] = entry(name, int(classes), *map(int, shape.split("x")), options.gain2)
        except Exception as error:  # the library refuses the input
            print(f"{name}: {error}", file=sys.stderr)
    with open(options.out, "w") as out:
        json.dump({"models": models}, out)


if __name__ == "__main__":
    main()
