#!/usr/bin/env python3
"""How long the programs take to start and what they hold in memory.

  python3 bench/startup.py            (BATCHWRIGHT_BIN: folder of the programs, default build/release/bin)

Prints one line a figure: median, minimum and maximum of the runs, beside the goal.
"""
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", "build/release/bin")).resolve()
SWEEP = """
method: grid
parameters:
  model: {value: cnn}
  num_epochs: {value: 20}
  limit_train_samples: {value: 6000}
batchwright: {world_size: 1}
"""


def line(what, values, unit, goal):
    print(f"{what:<42} {statistics.median(values):8.2f} {unit}  (min {min(values):.2f}, max {max(values):.2f}, "
          f"{len(values)} runs; goal {goal})")


def resident_mib(pid):
    for row in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmRSS:"):
            return int(row.split()[1]) / 1024
    return 0.0


def help_ms():
    begin = time.perf_counter()
    subprocess.run([BIN / "batchwright", "--help"], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begin) * 1e3


def trainer_ready():
    """Seconds from exec to `ready`, and resident MiB then."""
    ours, theirs = socket.socketpair()
    begin = time.perf_counter()
    process = subprocess.Popen([BIN / "batchwright-trainer"], pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL,
                               env={**os.environ, "BATCHWRIGHT_FD": str(theirs.fileno()), "OMP_NUM_THREADS": "1"})
    theirs.close()
    message = json.loads(ours.makefile().readline())
    seconds = time.perf_counter() - begin
    assert message["type"] == "ready", message
    mib = resident_mib(process.pid)
    ours.close()
    process.wait()
    return seconds, mib


def child_pids(pid):
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit() and (entry / "stat").exists()
            and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid]


def service_mib():
    """Resident MiB of coordinator and agent while two jobs run."""
    with tempfile.TemporaryDirectory() as folder:
        sweep = pathlib.Path(folder) / "sweep.yaml"
        sweep.write_text(SWEEP)
        process = subprocess.Popen([BIN / "batchwright", "run", sweep, "--device", "cpu:2", "--state", f"{folder}/state"],
                                   stderr=subprocess.DEVNULL)
        curves = []
        while not curves and process.poll() is None:
            curves = list(pathlib.Path(folder).glob("state/sweeps/*/jobs/*/*/curve.csv"))
            time.sleep(0.05)
        found = {}
        for pid in child_pids(process.pid):
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            found[command[1].decode()] = resident_mib(pid)
        process.terminate()
        process.wait()
        return found["coordinator"], found["agent"]


def main():
    line("batchwright --help", [help_ms() for _ in range(21)], "ms ", "<= 30 ms")
    ready = [trainer_ready() for _ in range(7)]
    line("trainer: start to ready", [seconds for seconds, _ in ready], "s  ", "<= 0.6 s")
    line("trainer: resident when ready", [mib for _, mib in ready], "MiB", "<= 200 MB")
    service = [service_mib() for _ in range(3)]
    line("coordinator: resident, two jobs running", [mib for mib, _ in service], "MiB", "<= 40 MB")
    line("agent: resident, two jobs running", [mib for _, mib in service], "MiB", "<= 40 MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
