#!/usr/bin/env python3
"""resnet18 at 32x32 (`bn: micro_batch`), 1 and 2 ranks: Batchwright's trainer beside torch's DistributedDataParallel.

  python3 bench/ddp/compare.py [--runs 5] [--steps 12] [--batch 128]

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin), BATCHWRIGHT_PYTHON a Python with torch
(default: the one that bootstrap made). Both train the same network on the same number of Fashion-MNIST images a step,
scaled to 32x32 on the fly, SGD with momentum, fp32; the ranks share the cores; the runs alternate. A run's figure is the
median of its steps' seconds without the first three; the table gives the median over the runs. A ratio above 1 means
that Batchwright is faster.
"""
import argparse
import csv
import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()
PYTHON = os.environ.get("BATCHWRIGHT_PYTHON", os.path.expanduser("~/.cache/batchwright/venv/bin/python"))
DATA = os.environ.get("BATCHWRIGHT_DATA", "/usr/share/datasets") + "/fashion-mnist"
WARM_UP = 3
SWEEP = """
parameters:
  model: {{value: resnet18}}
  image_resolution: {{value: 32}}
  optimizer: {{value: sgd}}
  momentum: {{value: 0.9}}
  learning_rate: {{value: 0.01}}
  batch_size: {{value: {batch}}}
  max_steps: {{value: {steps}}}
  eval_interval: {{value: 0}}
batchwright: {{world_size: {ranks}, bn: micro_batch}}
"""


def ours(options, ranks, folder):
    sweep = pathlib.Path(folder) / "sweep.yaml"
    sweep.write_text("method: grid\n" + SWEEP.format(batch=options.batch, steps=options.steps, ranks=ranks))
    state = pathlib.Path(folder) / f"state-{ranks}-{len(os.listdir(folder))}"
    subprocess.run([BIN / "batchwright", "run", sweep, "--state", state, "--device", f"cpu:{ranks}", "--json"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    curve, = state.glob("sweeps/*/jobs/*/*/curve.csv")
    times = [float(row["seconds"]) for row in csv.DictReader(open(curve, newline=""))]
    return statistics.median(b - a for a, b in zip(times[WARM_UP - 1:], times[WARM_UP:]))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def torchs(options, ranks):
    port, threads = str(free_port()), str(len(os.sched_getaffinity(0)) // ranks)
    processes = [
        subprocess.Popen(
            [PYTHON, HERE / "torch_ddp.py", DATA, str(options.batch), str(options.steps), threads],
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1",
                 "MASTER_PORT": port, "OMP_NUM_THREADS": threads})
        for rank in range(ranks)]
    outputs = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes), "torch DDP failed"
    return statistics.median(json.loads(outputs[0])["seconds"][WARM_UP:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    print(f"resnet18, 1x32x32, global batch {options.batch}, {len(os.sched_getaffinity(0))} cores, "
          f"{options.runs} alternated runs of {options.steps} steps: median [min-max] ms a step")
    for ranks in (1, 2):
        with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
            pairs = [(ours(options, ranks, folder), torchs(options, ranks)) for _ in range(options.runs)]
        mine, theirs = ([1e3 * pair[i] for pair in pairs] for i in (0, 1))
        show = lambda ms: f"{statistics.median(ms):7.1f} [{min(ms):.1f}-{max(ms):.1f}]"
        print(f"{ranks} rank(s): batchwright {show(mine)}   torch DDP {show(theirs)}   "
              f"ratio {statistics.median(theirs) / statistics.median(mine):.2f}", flush=True)


if __name__ == "__main__":
    main()
