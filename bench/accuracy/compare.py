#!/usr/bin/env python3
"""Fashion-MNIST accuracy of resnet18 after a fixed small budget: Batchwright and plain PyTorch, one recipe, several seeds.

  python3 bench/accuracy/compare.py --torch-python PYTHON [--seeds 3] [--steps 150] [--state DIR]

28 x 28 images as they are, no augmentation, SGD (momentum 0.9, weight decay 5e-4), cosine to 0, BatchNorm over the whole
batch (one rank, one group), one pass over the first steps * batch samples of a random order; accuracy on the 10,000 test
images. PYTHON needs torch. Rows lie in DIR/rows.json and are not run again. The order of samples and the initial values
come from each program's own random numbers, so single seeds differ; the means should not. Markdown on stdout.
BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin).
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()


def data_folder():
    for place in os.environ.get("BATCHWRIGHT_DATA", "data:/usr/share/datasets").split(":"):
        for name in ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"):
            if (pathlib.Path(place) / name).is_dir():
                return pathlib.Path(place) / name
    sys.exit("Fashion-MNIST is not there: docs/data.md says where it is looked for")


def ours(seed, options):
    parameters = {"model": "resnet18", "dataset": "fashion_mnist", "batch_size": options.batch, "max_steps": options.steps,
                  "num_epochs": 1, "optimizer": "sgd", "momentum": 0.9, "weight_decay": 5e-4, "learning_rate": options.rate,
                  "schedule": "cosine", "seed": seed}
    sweep = {"name": f"accuracy-{seed}", "method": "grid", "metric": {"name": "test_accuracy", "goal": "maximize"},
             "parameters": {name: {"value": value} for name, value in parameters.items()},
             "batchwright": {"world_size": 1, "bn": f"ghost({options.batch})"}}
    path = options.state / f"seed-{seed}.json"
    path.write_text(json.dumps(sweep))
    command = [BIN / "batchwright", "run", path, "--json", "--device", "cpu:1", "--state", options.state / f"state-{seed}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["points"][0]["metrics"]["test_accuracy"]


def theirs(seed, options):
    command = [options.torch_python, HERE / "torch_train.py", data_folder(), seed, options.steps, options.batch, options.rate, 1]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["test_accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--seeds", default=3, type=int)
    parser.add_argument("--steps", default=150, type=int)
    parser.add_argument("--batch", default=128, type=int)
    parser.add_argument("--rate", default=0.05, type=float)
    parser.add_argument("--state", default="batchwright-accuracy", type=pathlib.Path)
    options = parser.parse_args()
    options.state = options.state.resolve()
    options.state.mkdir(parents=True, exist_ok=True)
    stored = options.state / "rows.json"
    rows = json.loads(stored.read_text()) if stored.exists() else {}
    programs = {"Batchwright": ours, "PyTorch": theirs}
    for seed in range(1, options.seeds + 1):
        for name, run in programs.items():
            key = f"{name} {seed} {options.steps} {options.batch} {options.rate}"
            if key not in rows:
                rows[key] = run(seed, options)
                stored.write_text(json.dumps(rows, indent=1))
                print(f"{key}: {rows[key]:.4f}", file=sys.stderr, flush=True)
    print(f"resnet18, {options.steps} steps of {options.batch} samples, test accuracy in %:\n")
    print("| program | " + " | ".join(f"seed {seed}" for seed in range(1, options.seeds + 1)) + " | mean | deviation |")
    print("|---" * (options.seeds + 3) + "|")
    for name in programs:
        values = [100 * rows[f"{name} {seed} {options.steps} {options.batch} {options.rate}"] for seed in range(1, options.seeds + 1)]
        cells = [f"{value:.2f}" for value in (*values, statistics.mean(values), statistics.stdev(values))]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
