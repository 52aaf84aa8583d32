#!/usr/bin/env python3
"""Step time of eight workloads: Batchwright's trainer beside Python torch, eager and tuned.

  python3 bench/speed/compare.py [--runs 5] [--threads 1] [--only NAME,...]

Tuned is what PyTorch's performance guide adds: channels_last for networks of convolutions, and the fused optimizer.
Ours has `memory_format: channels_last` for the two networks whose convolutions a BatchNorm follows.

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin), BATCHWRIGHT_PYTHON a Python with torch
(default: the one that bootstrap made). All train the same network on the same number of Fashion-MNIST images a step,
SGD with momentum, fp32; the variants alternate. A run's figure is the mean of its steps' seconds without the first
three (our curves are written in milliseconds); the table gives the median over the runs. A ratio above 1 means that Batchwright is faster.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()
PYTHON = os.environ.get("BATCHWRIGHT_PYTHON", os.path.expanduser("~/.cache/batchwright/venv/bin/python"))
WARM_UP = 3
CHANNELS_LAST = {"mobilenetv2", "resnet18"}
WORKLOADS = {  # model, batch, side, steps
    "mlp-64": ("mlp", 64, 28, 4000),
    "cnn-16": ("cnn", 16, 28, 400),
    "cnn-128": ("cnn", 128, 28, 80),
    "mobilenetv2-64px-32": ("mobilenetv2", 32, 64, 14),
    "resnet18-32px-128": ("resnet18", 128, 32, 10),
    "resnet18-64px-64": ("resnet18", 64, 64, 8),
    "vit-64px-64": ("vit_mini", 64, 64, 7),
    "mixer-64px-64": ("mixer_mini", 64, 64, 8),
}
SWEEP = """method: grid
parameters:
  model: {{value: {model}}}
  image_resolution: {{value: {side}}}
  optimizer: {{value: sgd}}
  momentum: {{value: 0.9}}
  learning_rate: {{value: 0.01}}
  batch_size: {{value: {batch}}}
  max_steps: {{value: {steps}}}
  num_epochs: {{value: 100}}
  eval_interval: {{value: 0}}
  memory_format: {{value: {layout}}}
batchwright: {{world_size: 1, bn: micro_batch}}
"""


def mean_step(seconds):
    return statistics.mean(seconds[WARM_UP:])


def ours(workload, threads, folder):
    model, batch, side, steps = workload
    run = pathlib.Path(tempfile.mkdtemp(dir=folder))
    layout = "channels_last" if model in CHANNELS_LAST else "contiguous"
    (run / "sweep.yaml").write_text(SWEEP.format(model=model, batch=batch, side=side, steps=steps, layout=layout))
    cores = sorted(os.sched_getaffinity(0))[:threads]
    subprocess.run(["taskset", "-c", ",".join(map(str, cores)), BIN / "batchwright", "run", run / "sweep.yaml",
                    "--state", run / "state", "--device", "cpu:1", "--keep-affinity", "--json"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    curve, = (run / "state").glob("sweeps/*/jobs/*/*/curve.csv")
    times = [float(row["seconds"]) for row in csv.DictReader(open(curve, newline=""))]
    return mean_step([times[0]] + [b - a for a, b in zip(times, times[1:])])


def torchs(workload, threads, flavour):
    model, batch, side, steps = workload
    cores = sorted(os.sched_getaffinity(0))[:threads]
    output = subprocess.run(
        ["taskset", "-c", ",".join(map(str, cores)), PYTHON, HERE / "torch_eager.py", model, str(batch), str(side),
         str(steps), str(threads), *flavour],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": str(threads)}).stdout
    return mean_step(json.loads(output)["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default=",".join(WORKLOADS))
    options = parser.parse_args()
    print(f"{options.threads} thread(s), {options.runs} alternated runs: median [min-max] ms a step, and torch's time "
          "over ours")
    ratios = {"eager": [], "tuned": []}
    for name in options.only.split(","):
        times = {"batchwright": [], "eager": [], "tuned": []}
        with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
            for _ in range(options.runs):
                times["batchwright"].append(1e3 * ours(WORKLOADS[name], options.threads, folder))
                times["eager"].append(1e3 * torchs(WORKLOADS[name], options.threads, []))
                times["tuned"].append(1e3 * torchs(WORKLOADS[name], options.threads, ["tuned"]))
        middle = {who: statistics.median(each) for who, each in times.items()}
        for flavour in ratios:
            ratios[flavour].append(middle[flavour] / middle["batchwright"])
        cells = [f"{who} {middle[who]:.2f} [{min(each):.2f}-{max(each):.2f}]" for who, each in times.items()]
        print(f"{name:20} {'  '.join(cells)}  ratio {ratios['eager'][-1]:.2f} / {ratios['tuned'][-1]:.2f}", flush=True)
    means = {who: math.exp(statistics.mean(map(math.log, each))) for who, each in ratios.items()}
    print(f"geometric mean of the ratios: {means['eager']:.2f} to eager, {means['tuned']:.2f} to tuned")


if __name__ == "__main__":
    main()
