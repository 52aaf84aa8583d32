#!/usr/bin/env python3
"""Weights to and from Python: names, shapes and order of every network that torchvision has too, and the same outputs.

  python weights.py names                 every tensor's name and shape against torchvision's state_dict()
  python weights.py values [NAME...]      per network: torchvision's random weights as safetensors, read by `batchwright
                                          train --weights` and tested on 64 images; what it then exports is read by
                                          torchvision (strict) and gives the same loss on the same images

The Python that runs it needs torch, torchvision and safetensors. BATCHWRIGHT_BIN is the folder of the programs.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
import torchvision
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()
# torchvision's name where ours (or an alias of ours) is another.
OURS = {"alexnet": "alexnet_tv", "googlenet": "googlenet_bn_aux", "inception_v3": "inceptionv3_aux"}
FAMILIES = ("alexnet", "densenet", "efficientnet", "googlenet", "inception", "mobilenet_v2", "resnet", "resnext",
            "shufflenet", "squeezenet", "vgg", "vit_", "wide_resnet")
VALUES = ["resnet18", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x0_5", "efficientnet_b0", "densenet121", "alexnet",
          "vgg11_bn", "vit_b_16", "googlenet"]
SIDE, IMAGES = 64, 64


def build(name, channels=3, side=None):
    options = {"weights": None, "num_classes": 10}
    if side and name.startswith("vit_"):
        options["image_size"] = side
    if name in ("googlenet", "inception_v3"):
        options.update(init_weights=False, transform_input=False)
    return torchvision.models.get_model(name, **options)


def names():
    done = subprocess.run([BIN / "batchwright", "models", "--json", "--tensors"], capture_output=True, text=True, check=True)
    ours = {}
    for model in json.loads(done.stdout):
        for name in [model["name"], *model["aliases"]]:
            ours[name] = model["tensors"]
    wrong = 0
    for name in torchvision.models.list_models(torchvision.models):
        if not name.startswith(FAMILIES):
            continue
        with torch.device("meta"):
            network = build(name)
        # Ours are listed as parameters, then buffers; a state_dict is read by name.
        parameters = [[key, list(value.shape)] for key, value in network.named_parameters()]
        state = {key: list(value.shape) for key, value in network.state_dict().items()}
        found = ours.get(OURS.get(name, name))
        problems = []
        if found is None:
            problems.append("is not there")
        else:
            problems += [f"has no {key}" for key in state if key not in dict(map(tuple, ((k, tuple(s)) for k, s in found)))]
            problems += [f"has {key}" for key, _ in found if key not in state]
            problems += [f"{key}: {shape} instead of {state[key]}" for key, shape in found if key in state and shape != state[key]]
            if not problems and found[:len(parameters)] != parameters:
                problems.append("registers its parameters in another order")
        wrong += bool(problems)
        print(f"{'ok' if not problems else 'MISS':4} {name:22} {len(state)} tensors {'; '.join(problems[:3])}", flush=True)
    print(f"{wrong} networks differ")
    return wrong


def values(chosen):
    sys.path.insert(0, str(HERE))
    sys.path.insert(0, str(HERE.parent / "accuracy"))
    from check import make_data
    from torch_train import read
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        data = make_data(scratch / "data")
        images, labels = read(data / "fashion-mnist", "t10k")
        images = torch.nn.functional.interpolate(images, size=(SIDE, SIDE), mode="bilinear")
        for name in chosen or VALUES:
            torch.manual_seed(0)
            network = build(name, side=SIDE).eval()
            first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
            first.weight = torch.nn.Parameter(first.weight[:, :1].clone())  # one channel
            first.in_channels = 1
            loss = lambda: torch.nn.functional.cross_entropy(network(images), labels).item()
            with torch.no_grad():
                for module in network.modules():  # statistics that are not those of a fresh layer
                    if isinstance(module, torch.nn.BatchNorm2d):
                        module.running_mean.uniform_(-0.1, 0.1)
                        module.running_var.uniform_(0.5, 1.5)
                theirs = loss()
            save_file({key: value.contiguous() for key, value in network.state_dict().items()}, scratch / "in.safetensors")
            # One step at a rate of 0 with frozen statistics: what is tested and exported is what was read.
            config = {"parameters": {"dataset": "fashion_mnist", "image_resolution": SIDE, "batch_size": 4, "max_steps": 1,
                                     "learning_rate": 0.0, "optimizer": "sgd", "MNIST": False}}
            del config["parameters"]["MNIST"]
            folder = scratch / name
            folder.mkdir()
            (folder / "config.yaml").write_text(json.dumps(config))
            sweep = {"method": "grid", "metric": {"name": "test_accuracy", "goal": "maximize"}, "parameters": {
                key: {"value": value} for key, value in {**config["parameters"], "model": OURS.get(name, name), "save_best": True,
                                                          "weights": str(scratch / "in.safetensors")}.items()},
                "batchwright": {"bn": "frozen"}}
            (folder / "sweep.json").write_text(json.dumps(sweep))
            done = subprocess.run([BIN / "batchwright", "run", folder / "sweep.json", "--json", "--state", folder / "state",
                                   "--device", "cpu:1", "--data", data], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"MISS {name}: {done.stderr.strip()}")
                wrong += 1
                continue
            ours = json.loads(done.stdout)["points"][0]["metrics"]["test_loss"]
            exported = next((folder / "state").rglob("best.safetensors"))
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.zero_()
                network.load_state_dict(load_file(exported), strict=True)
                again = loss()
            same = abs(ours - theirs) <= 1e-5 * abs(theirs) and again == theirs
            wrong += not same
            print(f"{'ok' if same else 'MISS':4} {name:20} loss there {theirs:.7f}, here {ours:.7f}, there again {again:.7f}",
                  flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(1 if (names() if sys.argv[1] == "names" else values(sys.argv[2:])) else 0)
