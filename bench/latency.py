#!/usr/bin/env python3
"""From `batchwright submit` to the completion of the first optimizer step, on one host.

  python3 bench/latency.py [--points 20]     (BATCHWRIGHT_BIN: folder of the programs, default build/release/bin)

Submits distinct one-point `cnn` sweeps, each when the one before has ended, to a coordinator (fsync on) with a worker
of one slot. The clock starts before `batchwright submit` is executed and stops at the modification time of curve.csv,
which is written once, at the end of the only step. Warm: the slot's next trainer has loaded LibTorch and waits.
Cold: that trainer is killed first, so the attempt waits for a new one.
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

BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", "build/release/bin")).resolve()
SWEEP = """
method: grid
parameters:
  model: {{value: cnn}}
  learning_rate: {{value: {rate}}}
  batch_size: {{value: 64}}
  max_steps: {{value: 1}}
  eval_interval: {{value: 0}}
"""


def until(condition, what):
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited 60 s for {what}"
        time.sleep(0.001)
    return value


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_warm(pid):
    """The trainer waits in a read for its agent: no work left, LibTorch mapped."""
    try:
        return "libtorch_cpu" in pathlib.Path(f"/proc/{pid}/maps").read_text() and \
            "poll" in pathlib.Path(f"/proc/{pid}/wchan").read_text()
    except OSError:
        return False


def one(folder, number, worker, cold):
    warm = until(lambda: [pid for pid in children(worker.pid) if is_warm(pid)], "a warm trainer")
    if cold:
        for pid in warm:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not set(warm) & set(children(worker.pid)), "the agent to see the death")
    sweep = folder / f"sweep-{number}.yaml"
    sweep.write_text(SWEEP.format(rate=0.001 + number * 1e-6))
    begin = time.time_ns()
    subprocess.run([BIN / "batchwright", "submit", sweep, "--state", folder / "state"], check=True,
                   stdout=subprocess.DEVNULL)
    pattern = f"state/sweeps/*-{number}/jobs/0/1/curve.csv"
    curve = until(lambda: next((p for p in folder.glob(pattern) if p.read_bytes().count(b"\n") == 2), None), "step 1")
    elapsed = (curve.stat().st_mtime_ns - begin) / 1e6
    subprocess.run([BIN / "batchwright", "wait", str(number), "--state", folder / "state"], check=True,
                   stdout=subprocess.DEVNULL)
    return elapsed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as name:
        folder = pathlib.Path(name)
        read, write = os.pipe()
        quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        coordinator = subprocess.Popen(
            [BIN / "batchwright", "coordinator", "--state", folder / "state", "--http-port", "0", "--agent-port", "0",
             "--ready-fd", str(write)], pass_fds=[write], **quiet)
        os.close(write)
        json.loads(os.read(read, 4096))
        worker = subprocess.Popen(
            [BIN / "batchwright", "agent", "--state", folder / "state", "--device", "cpu:1"], **quiet)
        one(folder, 1, worker, cold=False)  # the decoded data set is in the cache from now on
        number = 2
        for what, cold, goal in (("warm pool", False, "p50 <= 100 ms"), ("cold", True, "p50 <= 1000 ms")):
            figures = []
            for _ in range(options.points):
                figures.append(one(folder, number, worker, cold))
                number += 1
            print(f"submit to the end of step 1, {what}: p50 {statistics.median(figures):.0f} ms, "
                  f"max {max(figures):.0f} ms ({len(figures)} points; goal {goal})", flush=True)
        for process in (worker, coordinator):
            process.send_signal(signal.SIGTERM)
            process.wait()


if __name__ == "__main__":
    main()
