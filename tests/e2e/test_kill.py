"""SIGKILL at random moments: of a trainer, an agent, the coordinator, any child of a supervisor, everything; inside a
checkpoint's write and inside a journal's commit; under `run` and under `mpirun`. Nothing is lost, nothing is done twice,
and what had to be done again is accounted for.

  python3 tests/e2e/test_kill.py [--seed N] [--kills 5] [Kill.test_under_run | Kill.test_under_mpirun]

--seed repeats a run's choices (every run prints its own), --kills says how many of each kind.
"""
import argparse
import csv
import json
import os
import random
import shutil
import signal
import sys
import time
import unittest

import journal
from harness import Api, Case, parent_of, read_curves, rows_written, sweep_folder, wait_until, weights

SEED, KILLS_OF_A_KIND = None, 5  # the command's arguments
CHECKPOINT_STEPS = 10
STEPS_OF_AN_EPOCH = 50
EPOCHS = [3, 6, 12, 24]  # of each point: the first with which an undisturbed run takes so many seconds
LONG_ENOUGH = 15
SWEEP = f"""
method: grid
metric: {{name: test_accuracy, goal: maximize}}
parameters:
  model: {{values: [cnn, lenet_bn]}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{values: RATES}}
  batch_size: {{value: 200}}
  num_epochs: {{value: EPOCHS}}
  limit_train_samples: {{value: 10000}}
  limit_test_samples: {{value: 500}}
batchwright: {{world_size: WORLD, checkpoint_steps: {CHECKPOINT_STEPS}, retries: 0}}
"""
KINDS = ["trainer", "agent", "coordinator", "supervisor's child", "everything"]
FAULT_POINTS = ["checkpoint-write", "journal-commit"]
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2"]
TOLERANCE = 0.1
ROUNDING = 0.001  # seconds, of a row of curve.csv


class Victims:
    """The processes that are at work as the journal says: what the coordinator answers is on disk."""

    def __init__(self, case, state):
        self.case, self.state = case, state

    def running(self):
        """(ordinal, attempt) of what trains; nothing while there is no coordinator, or not yet this sweep."""
        try:
            jobs = Api(self.state).get("/api/v1/sweeps/1")["jobs"]
        except (OSError, LookupError):
            return set()
        return {(job["ordinal"], job["attempts"]) for job in jobs if job["state"] == "running"}

    def trainers(self):
        """Rank 0 holds its attempt's curve; the others are known by the data set that they have mapped, and that
        a waiting trainer has not: with them one gang has all the slots."""
        running = self.running()
        if not running:
            return []
        found = []
        for pid in self.case.marked.pids("batchwright-trainer"):
            attempt = attempt_of(pid)
            if attempt in running or (self.case.world_size > 1 and attempt is None and has_data(pid)):
                found.append(pid)
        return found if len(found) >= self.case.world_size else []

    def of(self, kind, chance):
        trainers = sorted(self.trainers())
        if not trainers:
            return []
        try:
            return self.beside(chance.choice(trainers), kind, chance)
        except OSError:
            return []  # it has just ended

    def beside(self, trainer, kind, chance):
        coordinators = self.case.marked.pids("batchwright coordinator")
        if kind == "trainer":
            return [trainer]
        if kind == "agent":
            return [parent_of(trainer)]
        if kind == "coordinator":
            return coordinators
        if kind == "supervisor's child":
            supervisor = parent_of(parent_of(trainer))
            return [chance.choice([parent_of(trainer)] + [pid for pid in coordinators if parent_of(pid) == supervisor])]
        return self.case.marked.pids()


def attempt_of(pid):
    """(ordinal, attempt), by the open curve."""
    try:
        files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return None
    parts = next((file.split("/") for file in files if file.endswith("/curve.csv")), None)
    return parts and (int(parts[-3]), int(parts[-2]))


def has_data(pid):
    try:
        with open(f"/proc/{pid}/maps") as maps:
            return "/cache/" in maps.read()
    except OSError:
        return False


class Kill(Case):
    def test_under_run(self):
        self.world_size, self.rates = 1, [0.001, 0.002, 0.003]
        self.check([], KINDS * (KILLS_OF_A_KIND - KILLS_OF_A_KIND * 2 // 5) + FAULT_POINTS)

    @unittest.skipUnless(shutil.which("mpirun"), "mpirun is not installed")
    def test_under_mpirun(self):
        self.world_size, self.rates = 2, [0.001, 0.002]
        self.check(MPIRUN, KINDS * (KILLS_OF_A_KIND * 2 // 5) + FAULT_POINTS)

    def check(self, launcher, kinds):
        seed = SEED if SEED is not None else random.SystemRandom().randrange(1 << 30)
        name = launcher[0] if launcher else "run"
        print(f"\n{name}, world size {self.world_size}: {len(kinds)} kills, --seed {seed}", flush=True)
        began = time.monotonic()
        self.chance = random.Random(seed)
        self.run_undisturbed()
        self.state, self.faults = self.folder / "state", self.folder / "faults"
        self.faults.mkdir()
        self.chance.shuffle(kinds)
        results = self.kill_and_finish(launcher, kinds)
        self.check_results(results)
        self.check_lost_work(results)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)

    def run_undisturbed(self):
        """Work goes on while a coordinator is away: a fast machine needs more of it for as many kills."""
        text = SWEEP.replace("WORLD", str(self.world_size)).replace("RATES", str(self.rates))
        for epochs in EPOCHS:
            self.steps = epochs * STEPS_OF_AN_EPOCH
            self.sweep = self.write_sweep(text.replace("EPOCHS", str(epochs)))
            self.undisturbed_state = self.folder / f"undisturbed-{epochs}"
            began = time.monotonic()
            self.undisturbed = self.run_sweep(self.sweep, self.undisturbed_state)
            if time.monotonic() - began > LONG_ENOUGH:
                break

    # ---- the kills

    def start_run(self, launcher):
        return self.start([*launcher, *self.command(self.sweep, self.state, "--json")],
                          variables={"BATCHWRIGHT_FAULT_DIR": str(self.faults)})

    def kill_and_finish(self, launcher, kinds):
        victims, process = Victims(self, self.state), self.start_run(launcher)
        for number, kind in enumerate(kinds, 1):
            self.wait(process, lambda: victims.trainers(), "an attempt to train")
            rows = rows_written(self.state) + self.chance.randrange(0, 20)
            self.wait(process, lambda: rows_written(self.state) >= rows, f"{rows} steps")
            killed = self.kill(process, victims, kind)
            print(f"  {number}. {kind}{killed}, {rows_written(self.state)} steps written", flush=True)
            if kind == "everything":
                self.marked.kill_all()
                process.communicate()
                process.stderr_file.close()
                process = self.start_run(launcher)
        status, out, err = self.finish(process)
        self.assertEqual(status, 0, err[-3000:])
        return json.loads(out)

    def wait(self, process, condition, what):
        def holds():
            self.assertIsNone(process.poll(), f"the sweep ended while the test waited for {what}")
            return condition()
        return wait_until(holds, what, watchdog=60)

    def kill(self, process, victims, kind):
        if kind in FAULT_POINTS:
            (self.faults / kind).touch()
            self.wait(process, lambda: not (self.faults / kind).exists(), f"a process to die at {kind}")
            return ""
        pids = self.wait(process, lambda: victims.of(kind, self.chance), f"a working {kind}")
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return f" ({len(pids)} processes)" if len(pids) > 1 else f" {pids[0]}"

    # ---- what must hold

    def check_results(self, results):
        self.assertEqual({point["state"] for point in results["points"]}, {"finished"})
        self.assertEqual({point["retries_used"] for point in results["points"]}, {0})
        self.assertGreater(sum(point["attempts"] for point in results["points"]), len(results["points"]))
        self.assertEqual(weights(results), weights(self.undisturbed))
        rows = read_curves(self.state)
        seen = [(int(row["ordinal"]), int(row["step"])) for row in rows]
        self.assertEqual(seen, [(ordinal, step) for ordinal in range(2 * len(self.rates)) for step in range(1, self.steps + 1)])
        undisturbed = read_curves(self.undisturbed_state)
        self.assertEqual([row["loss"] for row in rows], [row["loss"] for row in undisturbed])

    def check_lost_work(self, results):
        """The booked device time against the loss curves of all attempts and the journal's resumes."""
        resumes = {(one["job"] - 1, one["attempt"]): one.get("resume", {}).get("step", 0)
                   for one in journal.of(journal.read(self.state), "attempt_placed")}
        booked_total = measured_total = again_total = 0.0
        for point in results["points"]:
            booked = sum(point["lost_device_seconds"].values())
            measured, again = self.repeated(point["ordinal"], resumes)
            slack = 2 * ROUNDING * self.world_size * point["attempts"]
            self.assertAlmostEqual(booked, measured, delta=TOLERANCE * measured + slack, msg=f"point {point['ordinal']}")
            booked_total, measured_total = booked_total + booked, measured_total + measured
            again_total += again
        self.assertGreater(measured_total, 0)
        self.assertAlmostEqual(booked_total, measured_total, delta=TOLERANCE * measured_total)
        self.assertAlmostEqual(sum(results["lost_device_seconds"].values()), booked_total, delta=1e-6)
        causes = ", ".join(f"{cause} {time:.2f}" for cause, time in results["lost_device_seconds"].items())
        print(f"  lost work: {booked_total:.2f} device-seconds booked ({causes}), {measured_total:.2f} measured, ratio "
              f"{booked_total / measured_total:.3f}; the same steps took {again_total:.2f} the next time", flush=True)

    def repeated(self, ordinal, resumes):
        """Device time of the steps that an attempt made beyond the one from which the next went on; and the time that
        those of them took there."""
        job = sweep_folder(self.state) / "jobs" / str(ordinal)
        curves = {int(path.name): read_attempt(path / "curve.csv") for path in job.iterdir()}
        trained = sorted(number for number, curve in curves.items() if curve)
        lost = again = 0.0
        for number, after in zip(trained, trained[1:]):
            old, new, start = curves[number], curves[after], resumes[ordinal, after]
            if max(old) <= start:
                continue
            lost += old[max(old)] - old.get(start, 0.0)
            again += new[min(max(old), max(new))] - new.get(start, 0.0)
        return lost * self.world_size, again * self.world_size


def read_attempt(path):
    """Seconds by step, of whole rows; the last one may be torn."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    whole = text[:text.rfind("\n") + 1].splitlines()
    return {int(row["step"]): float(row["seconds"]) for row in csv.DictReader(whole)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--kills", type=int, default=KILLS_OF_A_KIND)
    options, rest = parser.parse_known_args()
    SEED, KILLS_OF_A_KIND = options.seed, options.kills
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
