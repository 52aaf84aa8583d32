"""Several hosts: jobs across them under mpirun, a host cut off and back, a host killed, the coordinator away.

The hosts are network namespaces (hosts.py). Times are short; with --real they are those of a cluster (lease 15 s, a cut
of 30 s, the coordinator away for 120 s): python3 tests/e2e/test_hosts.py --real
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import sys
import time
import unittest

import hosts
import journal
from harness import BIN, Case, read_curves, rows_written, sweep_folder, wait_until, weights

SKIPPED = 77  # the exit status by which CTest knows
REAL = "--real" in sys.argv
LEASE, CUT, OUTAGE = (15.0, 30.0, 120.0) if REAL else (1.5, 3.0, 3.0)  # seconds
PATIENCE = 900 if REAL else 240
CHECKPOINT_STEPS = 10
BATCH, EPOCH_STEPS = 40, 30
PROGRAM = str(BIN / "batchwright")
HOSTS = "abc"


def sweep_text(*, rates, epochs, world_size=1):
    return f"""
method: grid
metric: {{name: test_accuracy, goal: maximize}}
parameters:
  model: {{value: lenet_bn}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{values: {rates}}}
  batch_size: {{value: {BATCH}}}
  num_epochs: {{value: {epochs}}}
  limit_train_samples: {{value: {BATCH * EPOCH_STEPS}}}
  limit_test_samples: {{value: 100}}
  eval_interval: {{value: {epochs}}}
batchwright: {{world_size: {world_size}, checkpoint_steps: {CHECKPOINT_STEPS}}}
"""


SHORT = sweep_text(rates=[0.001], epochs=2)
ACROSS = sweep_text(rates=[0.001], epochs=3, world_size=2)  # one job that needs two hosts


def why_not():
    for program, package in (("ip", "iproute2"), ("mpirun", "openmpi-bin")):
        if not shutil.which(program):
            return f"{program} is not installed (Debian: {package})"
    return hosts.why_not()


WHY_NOT = why_not()


def hold(seconds, condition=lambda: True):
    """For the time of an outage, which must pass, and until what is waited for has happened meanwhile."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end and condition(), "the outage's end", watchdog=PATIENCE)


def told(text):
    print(text, flush=True)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Hosts(Case):
    """Hosts with one slot each, and a state directory that all of them see."""

    references = {}  # sweep text: weights, curves and events of an undisturbed run
    step_s = None  # of SHORT

    def setUp(self):
        super().setUp()
        self.began = time.monotonic()
        self.network = hosts.Network(self.folder, count=len(HOSTS))

    def tearDown(self):
        self.marked.kill_all()
        self.network.close()
        told(f"{self.id().split('.')[-1]}: {time.monotonic() - self.began:.1f} s")
        super().tearDown()

    # ---- running

    def start_mpirun(self, sweep, state, count=2):
        argv = [PROGRAM, "run", str(sweep), "--device", "cpu:1", "--keep-affinity", "--state", str(state), "--json",
                "--lease", str(LEASE)]
        return self.start(self.network.mpirun(count, argv))

    def finished(self, process):
        status, out, err = self.finish(process, PATIENCE)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def undisturbed(self, text):
        if text not in self.references:
            state = self.folder / "undisturbed"
            results = self.finished(self.start_mpirun(self.write_sweep(text, "undisturbed.yaml"), state))
            self.assertEqual([one["attempts"] for one in results["points"]], [1] * len(results["points"]))
            self.references[text] = weights(results), read_curves(state), journal.read(state)
            if text == SHORT:
                with open(self.folder_of(state, 1) / "jobs/0/1/curve.csv", newline="") as curve:
                    seconds = [float(row["seconds"]) for row in csv.DictReader(curve)]
                Hosts.step_s = (seconds[-1] - seconds[9]) / (len(seconds) - 10)
            shutil.rmtree(state)
        return self.references[text]

    def apart(self):
        """Two jobs of one rank, long enough for what this file does to them, as this machine is now."""
        self.undisturbed(SHORT)
        needed_s = max(CUT, OUTAGE) + 2 * LEASE + 5 + 4 * EPOCH_STEPS * self.step_s
        epochs = math.ceil(needed_s / (EPOCH_STEPS * self.step_s))
        return sweep_text(rates=[0.001, 0.002], epochs=epochs)

    def check(self, text, results, folder):
        """The end of everything that is done to a sweep: the same weights, each step once."""
        expected, curves, _ = self.undisturbed(text)
        self.assertEqual({one["state"] for one in results["points"]}, {"finished"})
        self.assertEqual(weights(results), expected)
        key = lambda row: (row["ordinal"], row["step"], row["loss"])
        self.assertEqual([key(row) for row in read_curves(folder)], [key(row) for row in curves])

    def fenced(self, state):
        """The events. An attempt resumes only from the newest that was accepted from the attempt live then."""
        events, live, accepted = journal.read(state), {}, {}
        for one in events:
            job = one.get("job")
            if one["kind"] == "attempt_placed":
                if "resume" in one:
                    self.assertEqual(one["resume"], accepted.get(job))
                else:
                    self.assertNotIn(job, accepted)
                live[job] = one["attempt"]
            elif one["kind"] == "checkpoint_accepted":
                self.assertEqual(one["attempt"], live.get(job), "a checkpoint of an attempt that is over")
                accepted[job] = one["checkpoint"]
            elif one["kind"] in ("job_requeued", "job_ended"):
                live.pop(job, None)
        return events

    def client(self, state, *words):
        """The answer of a command on host a, or nothing where no coordinator answers."""
        process = self.start(self.network.on("a", [PROGRAM, *words, "--state", str(state), "--json"]))
        status, out, err = self.finish(process, PATIENCE)
        self.assertIn(status, (0, 7), f"{words}: {err}")
        return json.loads(out) if status == 0 else None

    def agent(self, state, name):
        answer = self.client(state, "agents")
        found = [one for one in answer["agents"] if one["name"] == name] if answer else []
        return found[0] if found else None

    def curve(self, state, ordinal, attempt):
        return pathlib.Path(state) / f"jobs/{ordinal}/{attempt}/curve.csv"

    def wait_for_checkpoints(self, state, count, process):
        """Until that many jobs have checkpoints and have gone on from there."""
        def enough():
            self.assertIsNone(process.poll(), "it has ended")
            folders = {path.parent for path in pathlib.Path(state).glob("sweeps/*/jobs/*/1/step-*.safetensors")}
            return len(folders) >= count and rows_written(state) >= count * (CHECKPOINT_STEPS + 5)
        wait_until(enough, f"{count} jobs to be beyond a checkpoint", PATIENCE)

    def leaders_at(self, host, attempt=1, sweep=1):
        """{pid: ordinal} of the trainers on a host that are rank 0 of this attempt of a sweep's job: they hold its curve
        open."""
        found = {}
        for pid in self.network.pids_on(host, self.marked.pids("batchwright-trainer")):
            for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
                try:
                    match = re.search(rf"-{sweep}/jobs/(\d+)/{attempt}/curve\.csv$", os.readlink(link))
                except OSError:
                    continue  # it has ended, or closed it
                if match:
                    found[pid] = int(match[1])
        return found

    def leaders(self, **which):
        return {pid: ordinal for host in HOSTS for pid, ordinal in self.leaders_at(host, **which).items()}

    # ---- jobs under mpirun

    def test_a_job_across_two_hosts_finishes_under_mpirun(self):
        _, _, events = self.undisturbed(ACROSS)
        placed = journal.of(events, "attempt_placed")
        self.assertEqual([len(set(one["agents"])) for one in placed], [2], "a rank on each host")
        joined = journal.of(events, "agent_joined")
        self.assertEqual({one["host"] for one in joined}, {"10.213.0.1", "10.213.0.2"})

    def wait_for_return(self, state, name, epoch, old, process):
        """Until the agent has joined anew; those of `old` that still ran then."""
        def returned():
            self.assertIsNone(process.poll(), "the run ended before the host was back")
            after = self.agent(state, name)
            is_back = after and after["state"] == "live" and after["epoch"] != epoch
            return is_back and [[pid for pid in old if os.path.exists(f"/proc/{pid}")]]
        return wait_until(returned, "the host to be back", PATIENCE)[0]

    def test_the_job_of_a_host_that_is_cut_off_goes_on_elsewhere(self):
        text, state = self.apart(), self.folder / "state"
        self.undisturbed(text)
        process = self.start_mpirun(self.write_sweep(text), state, count=3)
        self.wait_for_checkpoints(state, 2, process)
        leaders = {host: self.leaders_at(host) for host in "bc"}
        victim = next(host for host in "bc" if leaders[host])  # two jobs, three hosts: one of these trains
        (old, ordinal), = leaders[victim].items()
        before = self.agent(state, victim + "/0")
        steps = lambda: [int(p.stem.split("-")[1]) for p in sweep_folder(state).glob(f"jobs/{ordinal}/1/step-*.safetensors")]

        self.network.cut(victim)
        at_cut, cut_at = max(steps()), time.monotonic()
        elsewhere = lambda: any(self.leaders_at(host, attempt=2) for host in HOSTS if host != victim)
        wait_until(elsewhere, "its job to train elsewhere", PATIENCE)
        moved_s = time.monotonic() - cut_at
        # The fence has something to hold back: cut off, the old attempt goes on and writes checkpoints.
        hold(CUT - moved_s, lambda: max(steps(), default=0) > at_cut + CHECKPOINT_STEPS)
        self.assertTrue(os.path.exists(f"/proc/{old}"), "the old trainer is still at it")
        beyond = max(steps())
        self.network.restore(victim)
        restored_at = time.monotonic()
        left = self.wait_for_return(state, victim + "/0", before["epoch"], [old], process)
        self.assertEqual(left, [], "when it was taken in again, its old trainer was gone")
        told(f"host {victim} cut for {restored_at - cut_at:.1f} s: its job went on elsewhere after {moved_s:.1f} s; the old "
             f"attempt wrote on to step {beyond}; it was back {time.monotonic() - restored_at:.1f} s after the cut's end")

        self.check(text, self.finished(process), state)
        events = self.fenced(state)
        lost = [one["reason"] for one in journal.of(events, "agent_lost") if "not heard of" in one["reason"]]
        self.assertEqual(len(lost), 1, lost)
        again = [one for one in journal.of(events, "attempt_placed") if one["attempt"] > 1]
        self.assertEqual([one["attempt"] for one in again], [2], "the job of that host, once, and no other")
        self.assertLess(again[0]["resume"]["step"], beyond)
        told(f"resumed from step {again[0]['resume']['step']}")

    def test_a_job_across_hosts_waits_for_the_one_that_is_cut_off(self):
        state = self.folder / "state"
        process = self.start_mpirun(self.write_sweep(ACROSS), state)
        self.wait_for_checkpoints(state, 1, process)
        before = self.agent(state, "b/0")
        old = self.network.pids_on("b", self.marked.pids("batchwright-trainer"))
        self.network.cut("b")
        hold(CUT)
        self.network.restore("b")
        left = self.wait_for_return(state, "b/0", before["epoch"], old, process)
        self.assertEqual(left, [])
        self.check(ACROSS, self.finished(process), state)
        events = self.fenced(state)
        placed = journal.of(events, "attempt_placed")
        self.assertEqual([one["attempt"] for one in placed], [1, 2])
        self.assertEqual([len(set(one["agents"])) for one in placed], [2, 2], "it needs both")
        lost = next(i for i, one in enumerate(events) if one["kind"] == "agent_lost")
        kinds = [one["kind"] for one in events[lost:events.index(placed[1])]]
        self.assertIn("agent_joined", kinds, "placed again only when the host was back")

    def test_a_host_is_killed_under_mpirun_and_the_same_command_goes_on(self):
        sweep, state = self.write_sweep(ACROSS), self.folder / "state"
        process = self.start_mpirun(sweep, state)
        self.wait_for_checkpoints(state, 1, process)
        self.network.kill("b", self.marked.pids())
        self.assertNotEqual(self.finish(process)[0], 0)  # Open MPI ends the whole job when a host is lost
        self.marked.kill_all()
        self.check(ACROSS, self.finished(self.start_mpirun(sweep, state)), state)
        placed = journal.of(self.fenced(state), "attempt_placed")
        self.assertTrue(len(placed) > 1 and all("resume" in one for one in placed[1:]))

    # ---- as services

    def start_coordinator(self, state):
        argv = [PROGRAM, "coordinator", "--state", str(state), "--interface", "eth0", "--lease", str(LEASE)]
        return self.start(self.network.on("a", argv))

    def start_worker(self, host, endpoint, state):
        argv = [PROGRAM, "worker", "--state", str(state), "--device", "cpu:1", "--keep-affinity",
                "--interface", "10.213.0.0/24", "--port-range", "29600-29699",
                "--coordinator", f"{endpoint['host']}:{endpoint['agent_port']}"]
        secrets = {"BATCHWRIGHT_TOKEN": endpoint["token"], "BATCHWRIGHT_FINGERPRINT": endpoint["fingerprint"]}
        return self.start(self.network.on(host, argv), variables=secrets)

    def endpoint_of(self, state):
        wait_until((state / "endpoint.json").exists, "the coordinator to listen")
        endpoint = json.loads((state / "endpoint.json").read_text())
        self.assertEqual(endpoint["host"], self.network.address("a"))
        return endpoint

    def submit(self, state, text, name):
        return self.client(state, "submit", str(self.write_sweep(text, name)))["sweep"]

    def folder_of(self, state, ordinal):
        """Of the ordinal-th sweep, as if it were the only one."""
        return next((pathlib.Path(state) / "sweeps").glob(f"*-{ordinal}"))

    def results_of(self, state, sweep, folder):
        self.assertIsNotNone(self.client(state, "wait", str(sweep)))
        wait_until((folder / "results.json").exists, "the results to be written")
        return json.loads((folder / "results.json").read_text())

    def test_the_coordinator_is_away_then_a_host_is_lost(self):
        text, state = self.apart(), self.folder / "state"
        self.undisturbed(text)
        coordinator = self.start_coordinator(state)
        endpoint = self.endpoint_of(state)
        workers = {host: self.start_worker(host, endpoint, state) for host in HOSTS}
        wait_until(lambda: self.client(state, "agents")["slots"] == 3, "all workers to join")
        long = self.submit(state, text, "long.yaml")
        self.wait_for_checkpoints(state, 2, coordinator)
        short = self.submit(state, SHORT, "short.yaml")
        wait_until(lambda: self.leaders(sweep=2), "the short job to train", PATIENCE)

        self.outage(state, coordinator)
        coordinator = self.start_coordinator(state)
        wait_until(lambda: self.agent(state, "b/0"), "the coordinator to be back", PATIENCE)
        self.assertEqual(self.endpoint_of(state), endpoint)
        results = self.results_of(state, short, self.folder_of(state, 2))
        self.assertEqual([one["attempts"] for one in results["points"]], [1])
        self.check(SHORT, results, state)
        victim = next(host for host in "bc" if self.leaders_at(host))
        wait_until(lambda: self.agent(state, victim + "/0")["state"] == "live", "its agent", PATIENCE)
        self.network.cut(victim)
        hold(LEASE / 4)  # a moment without the network is no loss
        self.network.restore(victim)

        self.assertEqual(len(self.leaders_at(victim)), 1, "the host trains")
        self.network.cut(victim)  # a host that dies says nothing
        self.network.kill(victim, self.marked.pids())
        died_at = time.monotonic()
        self.finish(workers.pop(victim))
        wait_until(lambda: self.leaders(attempt=2), "its job to train elsewhere", PATIENCE)
        told(f"host {victim} killed: its job went on elsewhere after {time.monotonic() - died_at:.1f} s")
        results = self.results_of(state, long, self.folder_of(state, 1))
        self.network.kill("a", self.marked.pids("batchwright coordinator"))
        self.finish(coordinator)
        events = self.fenced(state)
        shutil.move(self.folder_of(state, 2), self.folder / "short")  # read_curves takes the newest
        self.check(text, results, state)
        self.assertEqual(sorted(one["attempts"] for one in results["points"]), [1, 2])
        lost = journal.of(events, "agent_lost")
        self.assertEqual(len(lost), 1, lost)
        self.assertIn("not heard of", lost[0]["reason"])

    def outage(self, state, coordinator):
        """Kills the coordinator; training goes on, and the short job comes to its end without it."""
        curve = lambda: self.folder_of(state, 2) / "jobs/0/1/curve.csv"
        rows = rows_written(state)
        self.network.kill("a", self.marked.pids("batchwright coordinator"))
        self.finish(coordinator)
        self.assertEqual(len(self.leaders(sweep=2)), 1, "the short job had ended before")
        began = time.monotonic()
        is_over = lambda: curve().read_bytes().count(b"\n") > 2 * EPOCH_STEPS and not self.leaders(sweep=2)
        hold(OUTAGE, is_over)
        self.assertEqual(len(self.leaders()), 2, "the long jobs train on")
        told(f"{time.monotonic() - began:.1f} s without a coordinator: {rows_written(state) - rows} steps, one job finished")

    def test_a_wrong_fingerprint_or_token_is_refused(self):
        state = self.folder / "state"
        self.start_coordinator(state)
        endpoint = self.endpoint_of(state)
        for name in ("endpoint.json", "tls.pem"):
            self.assertEqual((state / name).stat().st_mode & 0o777, 0o600, name)
        wrong = "0" * 64
        for change, said in (({"fingerprint": wrong}, [wrong, endpoint["fingerprint"]]), ({"token": "x"}, ["token"])):
            status, _, err = self.finish(self.start_worker("b", {**endpoint, **change}, state))
            self.assertEqual(status, 6, err)
            for text in said:
                self.assertIn(text, err)
        argv = [PROGRAM, "list", "--coordinator", f"{endpoint['host']}:{endpoint['http_port']}", "--state", "none"]
        _, err = self.run_to_end(self.network.on("b", argv), expect=2)
        self.assertIn("fingerprint", err)
        _, err = self.run_to_end(self.network.on("b", [*argv, "--fingerprint", wrong]), expect=2)
        self.assertIn(endpoint["fingerprint"], err)


if __name__ == "__main__":
    if WHY_NOT:
        print("skipped:", WHY_NOT)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2, argv=[word for word in sys.argv if word != "--real"])
