#!/usr/bin/env python3
"""The seed's own story, redone: which of its networks train at 224 pixels and batch 128 on devices of 8, 12 and 16 GB.

  python3 bench/models/story.py [--only NAME,NAME] [--state DIR] [--confirm GIB] [--write]

For each system of the seed's table (its own form and, where it differs, the network that the name means now) the memory
of a training step is measured with micro-batches of 4 and 8 (`batchwright profile`), then `batchwright plan` says for
each device what the planner would do with batch 128 and SGD with momentum: micro-batch m, accumulation a, predicted peak.
The BatchNorm groups are the default ones (32 samples); where that is refused, the largest of 16, 8, 4, 2 that fits.
No device of these sizes is used: the bytes are those of the CPU kernels, counted exactly, extrapolated from 4 and 8.

--confirm GIB: rows whose predicted peak is below GIB GiB are put to the test afterwards, one step of two micro-batches of
m under a limit of the prediction + 0.5 %, as much as this machine's memory and patience allow; --confirm-macs is the most
multiply-adds of such a step. Rows lie in DIR/story.json and are not measured again; --write puts the table into
docs/models.md. BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", ROOT / "build/release/bin")).resolve()
BATCH, SIDE, DEVICES, GROUPS = 128, 224, (8, 12, 16), (32, 16, 8, 4, 2)
GIB = 1 << 30
# What the seed wrote beside each; "now": what its name builds today, where that is another network.
SYSTEMS = [
    ("AlexNet", "alexnet", "-"), ("VGGNet", "vgg11", "-"), ("NIN", "nin", "-"), ("ResNet", "resnet_seed", "-"),
    ("ResNet now", "resnet18", ""), ("DenseNet-Depth40", "densenet40", "B_S = 8"), ("MobileNetV1", "mobilenetv1", "-"),
    ("MobileNetV2", "mobilenetv2", "-"), ("GoogLeNet", "googlenet", "-"), ("InceptionV3", "inceptionv3_seed", "H_C_R"),
    ("InceptionV3 now", "inceptionv3", ""), ("Darknet-53", "darknet53", "H_C_R"), ("Xception", "xception", "B_S = 96"),
    ("ResNeXt", "resnext_seed", "H_C_R"), ("ResNeXt now", "resnext50_32x4d", ""), ("SENet", "senet_seed", "-"),
    ("SENet now", "seresnet18", ""), ("SqueezeNet", "squeezenet_seed", "B_S = 64"), ("SqueezeNet now", "squeezenet", ""),
    ("ShuffleNet", "shufflenet_seed", "B_S = 32"), ("ShuffleNet now", "shufflenet", ""),
    ("EfficientNet-B0", "efficientnetb0", "-"), ("ViT", "vit", "-"), ("MLP-Mixer", "mlpmixer", "-"), ("ResMLP", "resmlp", "-"),
]


def sweep(model, group):
    parameters = {"model": model, "dataset": "cifar10", "image_resolution": SIDE, "batch_size": BATCH, "optimizer": "sgd",
                  "momentum": 0.9, "learning_rate": 0.01}
    return {"method": "grid", "metric": {"name": "test_accuracy", "goal": "maximize"},
            "parameters": {name: {"value": value} for name, value in parameters.items()},
            "batchwright": {"bn": f"ghost({group})"}}


def request(model, group, samples, **more):
    return {"model": model, "classes": 10, "channels": 3, "height": SIDE, "width": SIDE, "bn": "ghost", "group": group,
            "threads": 1, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.0, "samples": samples, **more}


def ask_trainer(asked):
    done = subprocess.run([BIN / "batchwright-trainer", "--profile", json.dumps(asked)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def plan(model, group, gib, state):
    path = state / f"{model}-{group}.json"
    path.write_text(json.dumps(sweep(model, group)))
    command = [BIN / "batchwright", "plan", path, "--json", "--device", f"cpu:1x{gib}GiB", "--state", state / "profiles-of"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)[0]


def measure(model, state):
    """From micro-batches of 4 and 8 alone; the profile lies where `plan` looks for it."""
    command = [BIN / "batchwright", "profile", model, "--input", f"3x{SIDE}x{SIDE}", "--batch", 8, "--group", 8, "--optimizer",
               "sgd", "--momentum", 0.9, "--threads", 1, "--json", "--state", state / "profiles-of"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def verdicts(model, state):
    row = {}
    for gib in DEVICES:
        for group in GROUPS:
            answer = plan(model, group, gib, state)
            if answer["verdict"] == "fits":
                break
        row[str(gib)] = {"group": group, **{key: answer.get(key) for key in
                         ("verdict", "micro_batch", "accumulation", "predicted_peak_bytes", "why")}}
    return row


def confirm(model, cell):
    """A step of two micro-batches of m under the prediction + 0.5 %, and the bytes that it took."""
    asked = request(model, cell["group"], cell["micro_batch"], limit_bytes=int(cell["predicted_peak_bytes"] * 1.005), steps=1)
    answer = ask_trainer(asked)
    return {"ran": "out_of_memory" not in answer, "peak_bytes": answer.get("peak_bytes")}


def markdown(rows):
    lines = ["| system | network | the seed wrote | " + " | ".join(f"{gib} GB: m × a, g, peak GiB" for gib in DEVICES) + " | confirmed |",
             "|---" * (len(DEVICES) + 4) + "|"]
    for system, model, wrote in SYSTEMS:
        row = rows.get(model)
        if row is None:
            continue
        cells = []
        for gib in DEVICES:
            cell = row[str(gib)]
            if cell["verdict"] != "fits":
                cells.append("refused")
                continue
            cells.append(f"{cell['micro_batch']} × {cell['accumulation']}, {cell['group']}, {cell['predicted_peak_bytes'] / GIB:.2f}")
        proof = [f"{gib} GB: " + ("ran" if row[str(gib)]["confirmed"]["ran"] else "OUT OF MEMORY") for gib in DEVICES
                 if "confirmed" in row[str(gib)]]
        lines.append(f"| {system} | {model} | {wrote} | " + " | ".join(cells) + f" | {', '.join(proof)} |")
    return "\n".join(lines)


def macs_of(models):
    done = subprocess.run([BIN / "batchwright", "models", "--json", "--input", f"3x{SIDE}x{SIDE}"], capture_output=True, text=True)
    return {row["name"]: row["macs"] for row in json.loads(done.stdout) if row["name"] in models}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--state", default="batchwright-story", type=pathlib.Path)
    parser.add_argument("--confirm", default=0.0, type=float)
    parser.add_argument("--confirm-macs", default=2e12, type=float)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    options.state = options.state.resolve()
    options.state.mkdir(parents=True, exist_ok=True)
    stored = options.state / "story.json"
    rows = json.loads(stored.read_text()) if stored.exists() else {}
    only = set(filter(None, options.only.split(",")))
    macs = macs_of({model for _, model, _ in SYSTEMS})
    for _, model, _ in sorted(SYSTEMS, key=lambda system: macs[system[1]]):
        if only and model not in only:
            continue
        try:
            if model not in rows:
                profile = measure(model, options.state)
                rows[model] = {"exact": profile["exact"], **verdicts(model, options.state)}
            for gib in DEVICES:
                cell = rows[model][str(gib)]
                small = (cell["verdict"] == "fits" and cell["predicted_peak_bytes"] <= options.confirm * GIB
                         and 3 * 2 * cell["micro_batch"] * macs[model] <= options.confirm_macs)
                if small and "confirmed" not in cell:
                    cell["confirmed"] = confirm(model, cell)
        except RuntimeError as error:
            print(f"{model}: {error}", file=sys.stderr, flush=True)
            continue
        stored.write_text(json.dumps(rows, indent=1))
        print(f"{model}: {json.dumps(rows[model])}", file=sys.stderr, flush=True)
    table = markdown(rows)
    print(table)
    if options.write:
        begin, end = "<!-- story.py begins -->", "<!-- story.py ends -->"
        path = ROOT / "docs/models.md"
        before, rest = path.read_text().split(begin, 1)
        path.write_text(before + begin + "\n" + table + "\n" + end + rest.split(end, 1)[1])


if __name__ == "__main__":
    main()
