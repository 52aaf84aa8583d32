#!/usr/bin/env python3
"""A sweep of 16 `cnn` points on two slots: Batchwright beside plain PyTorch in two processes.

  python3 bench/sweep/compare.py [--runs 3] [--points 16] [--steps 700] [--batch 128]

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin), BATCHWRIGHT_PYTHON a Python with torch
(default: the one that bootstrap made). Both train the same network for the same steps with Adam in fp32, evaluate on
the whole test set at the end, one thread a slot. The clock runs from submit to the sweep's end with a coordinator and
its workers up; for Python from "go", with torch and the data loaded, to the end of the slower process. Batchwright
also keeps its journal, checkpoints, loss curves, results and plots in that time. A ratio above 1 means slower.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()
PYTHON = os.environ.get("BATCHWRIGHT_PYTHON", os.path.expanduser("~/.cache/batchwright/venv/bin/python"))
DATA = os.environ.get("BATCHWRIGHT_DATA", "/usr/share/datasets") + "/fashion-mnist"
SLOTS = 2
SWEEP = """
method: grid
parameters:
  model: {{value: cnn}}
  learning_rate: {{values: {rates}}}
  optimizer: {{value: adam}}
  batch_size: {{value: {batch}}}
  num_epochs: {{value: 1000}}
  max_steps: {{value: {steps}}}
  eval_interval: {{value: 1000}}
batchwright: {{bn: micro_batch}}
"""


def rates_of(options):
    return [round(0.0005 * (1 + i), 4) for i in range(options.points)]


def ours(options):
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder:
        sweep = pathlib.Path(folder) / "sweep.yaml"
        sweep.write_text(SWEEP.format(rates=rates_of(options), batch=options.batch, steps=options.steps))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        read, write = os.pipe()
        coordinator = subprocess.Popen(
            [BIN / "batchwright", "coordinator", "--state", "state", "--http-port", "0", "--agent-port", "0",
             "--ready-fd", str(write)], pass_fds=[write], **quiet)
        os.close(write)
        os.read(read, 4096)  # it listens
        worker = subprocess.Popen([BIN / "batchwright", "worker", "--state", "state", "--device", f"cpu:{SLOTS}"], **quiet)
        while len(json.loads(subprocess.check_output(
                [BIN / "batchwright", "agents", "--state", "state", "--json"], cwd=folder))["agents"]) < 1:
            time.sleep(0.05)
        time.sleep(2)  # the worker's trainers are warm
        begin = time.perf_counter()
        subprocess.run([BIN / "batchwright", "submit", sweep, "--state", "state", "--wait"], check=True, **quiet)
        seconds = time.perf_counter() - begin
        for process in (worker, coordinator):
            process.send_signal(signal.SIGTERM)
            process.wait()
        results = json.loads(next(pathlib.Path(folder).glob("state/sweeps/*/results.json")).read_text())
        return seconds, statistics.mean(point["metrics"]["test_accuracy"] for point in results["points"])


def torchs(options):
    rates, threads = rates_of(options), str(max(1, len(os.sched_getaffinity(0)) // SLOTS))
    processes = [
        subprocess.Popen(
            [PYTHON, HERE / "torch_sweep.py", DATA, json.dumps(rates[slot::SLOTS]), str(options.steps),
             str(options.batch), threads],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "OMP_NUM_THREADS": threads})
        for slot in range(SLOTS)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    begin = time.perf_counter()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0].split() for process in processes]
    seconds = time.perf_counter() - begin
    assert all(lines[-1] == "done" for lines in outputs)
    return seconds, statistics.mean(float(line) for lines in outputs for line in lines[:-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    pairs = []
    for run in range(options.runs):
        pairs.append((ours(options), torchs(options)))
        (mine, my_accuracy), (theirs, their_accuracy) = pairs[-1]
        print(f"run {run + 1}: batchwright {mine:.1f} s (mean test accuracy {my_accuracy:.4f}), "
              f"torch {theirs:.1f} s ({their_accuracy:.4f}), ratio {mine / theirs:.3f}", flush=True)
    mine, theirs = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    print(f"{options.points} points of {options.steps} steps on {SLOTS} slots, median of {options.runs} runs: "
          f"batchwright {mine:.1f} s, torch {theirs:.1f} s, ratio {mine / theirs:.3f} (goal <= 1.05), "
          f"{theirs / options.points * SLOTS:.1f} s a trial")


if __name__ == "__main__":
    main()
