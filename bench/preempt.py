#!/usr/bin/env python3
"""Preempt a training job, get its slots back, go on at another world size: how long it takes, and what it changes.

  python3 bench/preempt.py [--model lenet_bn] [--batch 128] [--steps 400] [--runs 3] [--from 1] [--to 2] [--both]

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin). A coordinator and a worker with two slots of
the CPU; one point, paused in the middle of its steps with `batchwright pause`, resumed with `batchwright resume
--world-size`. Times run from the start of the command-line program to what the API (slots) or the loss curve (the next
step) shows, looked at every few milliseconds; the job waits for nothing else. The undisturbed run has the first world
size. Steps lost are those that the job made twice, by the coordinator's books and by its loss curves.
"""
import argparse
import contextlib
import csv
import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", pathlib.Path(__file__).parents[1] / "build/release/bin")).resolve()
SWEEP = """
method: grid
parameters:
  model: {{value: {model}}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{value: 0.001}}
  batch_size: {{value: {batch}}}
  num_epochs: {{value: 1000}}
  max_steps: {{value: {steps}}}
  eval_interval: {{value: 1000}}
batchwright: {{world_size: {world_size}, checkpoint_steps: 1000000}}
"""
PERIOD = 0.002  # seconds between looks


def until(condition, what, seconds=300):
    limit = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > limit:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(PERIOD)
    return value


class Service:
    """A coordinator and a worker in a folder of their own."""

    def __init__(self, folder):
        self.state = pathlib.Path(folder) / "state"
        self.quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

    def start(self):
        read, write = os.pipe()
        self.coordinator = subprocess.Popen(
            [BIN / "batchwright", "coordinator", "--state", self.state, "--http-port", "0", "--agent-port", "0",
             "--ready-fd", str(write)], pass_fds=[write], **self.quiet)
        os.close(write)
        self.endpoint = json.loads(os.read(read, 4096))
        os.close(read)
        self.worker = subprocess.Popen(
            [BIN / "batchwright", "worker", "--state", self.state, "--device", "cpu:2"], **self.quiet)
        until(lambda: self.slots(), "the worker to join")

    def stop(self):
        for process in (self.worker, self.coordinator):
            process.send_signal(signal.SIGTERM)
            process.wait()

    def get(self, path):
        connection = http.client.HTTPConnection(self.endpoint["host"], self.endpoint["http_port"], timeout=30)
        connection.request("GET", "/api/v1/" + path, headers={"Authorization": "Bearer " + self.endpoint["token"]})
        body = json.loads(connection.getresponse().read())
        connection.close()
        return body

    def slots(self):
        return [slot for agent in self.get("agents")["agents"] for slot in agent["slots"]]

    def command(self, *words):
        subprocess.run([BIN / "batchwright", *words, "--state", self.state], check=True, **self.quiet)

    def submit(self, folder, text):
        file = pathlib.Path(folder) / "sweep.yaml"
        file.write_text(text)
        done = subprocess.run([BIN / "batchwright", "submit", file, "--fresh", "--state", self.state, "--json"],
                              check=True, capture_output=True)
        return json.loads(done.stdout)["sweep"]

    def curve(self, sweep, attempt):
        """(step, loss) of every whole row."""
        found = list(self.state.glob(f"sweeps/*-{sweep}/jobs/0/{attempt}/curve.csv"))
        text = found[0].read_text() if found else ""
        return [(int(row["step"]), float(row["loss"])) for row in
                csv.DictReader(text[:text.rfind("\n") + 1].splitlines())]

    def end(self, sweep):
        self.command("wait", str(sweep))
        job = self.get(f"sweeps/{sweep}/jobs/0")
        if job["state"] != "finished":
            raise SystemExit(f"the job is {job['state']}: {job['reason']}")
        return job, self.curve(sweep, job["attempts"])


@contextlib.contextmanager
def service(folder):
    running = Service(folder)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def preempt(running, folder, text, options):
    sweep = running.submit(folder, text)
    until(lambda: len(running.curve(sweep, 1)) > options.steps // 3, "a third of the steps")
    began = time.monotonic()
    running.command("pause", f"{sweep}/0")
    until(lambda: all(slot["busy"] is None for slot in running.slots()), "free slots")
    free = time.monotonic() - began
    stopped = running.get(f"sweeps/{sweep}/jobs/0")["checkpoint"]["step"]
    began = time.monotonic()
    running.command("resume", f"{sweep}/0", "--world-size", str(options.to))
    until(lambda: len(running.curve(sweep, 2)) > stopped, "the next step")
    onward = time.monotonic() - began
    job, curve = running.end(sweep)
    first, second = job["history"]
    made_twice = running.curve(sweep, 1)[-1][0] - second["started_step"]
    if made_twice != first["lost_steps"]:
        raise SystemExit(f"the books say {first['lost_steps']} steps lost, the curves {made_twice}")
    if [step for step, _ in curve] != list(range(1, options.steps + 1)):
        raise SystemExit("a step is missing or stands twice in the loss curve")
    return {"free": free, "onward": onward, "lost": made_twice, "stopped": stopped, "job": job, "curve": curve}


def losses(job):
    metrics = job["result"]["metrics"]
    return ", ".join(f"{name} {metrics[name]:.6f}" for name in ("train_loss", "test_loss", "test_accuracy"))


def compare(options):
    with tempfile.TemporaryDirectory(prefix="batchwright-bench-") as folder, service(folder) as running:
        text = SWEEP.format(model=options.model, batch=options.batch, steps=options.steps, world_size=options.world_size)
        plain, plain_curve = running.end(running.submit(folder, text))
        runs = [preempt(running, folder, text, options) for _ in range(options.runs)]
        last = runs[-1]
        print(f"{options.model}, global batch {options.batch}, {options.steps} steps, world size "
              f"{options.world_size} -> {options.to}, {options.runs} runs")
        for what, name in (("pause to free slots", "free"), ("resume to the end of the next step", "onward")):
            times = [run[name] for run in runs]
            print(f"  {what}: median {statistics.median(times):.3f} s, max {max(times):.3f} s")
        print(f"  steps lost: {max(run['lost'] for run in runs)} (stopped at {[run['stopped'] for run in runs]})")
        print(f"  undisturbed: {losses(plain)}")
        print(f"  preempted:   {losses(last['job'])}")
        apart = max(abs(a - b) / max(abs(a), 1e-9) for (_, a), (_, b) in zip(plain_curve, last["curve"]))
        print(f"  largest relative difference of a step's loss: {apart:.1e}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="lenet_bn")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--from", dest="world_size", type=int, default=1)
    parser.add_argument("--to", type=int, default=2)
    parser.add_argument("--both", action="store_true", help="1 -> 2 and 2 -> 1")
    options = parser.parse_args()
    for world_size, to in ((1, 2), (2, 1)) if options.both else ((options.world_size, options.to),):
        options.world_size, options.to = world_size, to
        compare(options)


if __name__ == "__main__":
    main()
