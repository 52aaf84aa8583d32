"""SIGKILL at random moments, of each kind of process and of everything: nothing is lost, nothing is done twice.

Commands: python3 tests/e2e/test_kill.py      BATCHWRIGHT_KILL_SEED=N repeats a run, BATCHWRIGHT_KILLS=N kills of a kind
"""
import csv
import json
import os
import random
import shutil
import signal
import unittest

from harness import Api, Case, parent_of, read_curves, rows_written, sweep_folder, wait_until, weights

CHECKPOINT_STEPS = 10
STEPS = 120  # of each point
RATES = [0.001, 0.002, 0.003, 0.004]
SWEEP = f"""
method: grid
metric: {{name: test_accuracy, goal: maximize}}
parameters:
  model: {{values: [cnn, lenet_bn]}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{values: {RATES}}}
  batch_size: {{value: 100}}
  num_epochs: {{value: 4}}
  limit_train_samples: {{value: 3000}}
  limit_test_samples: {{value: 500}}
batchwright: {{world_size: WORLD, checkpoint_steps: {CHECKPOINT_STEPS}}}
"""
POINTS = 2 * len(RATES)
FAULT_POINTS = ["checkpoint-write", "journal-commit"]
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2"]


class Victims:
    """The processes that are at work, as the journal says: what the coordinator answers is durable before."""

    def __init__(self, case, state):
        self.case, self.state = case, state

    def working_trainers(self):
        """Trainers that hold the loss curve of an attempt that the coordinator calls running."""
        running = {(job["ordinal"], job["attempts"]) for job in self.api().get("/api/v1/sweeps/1")["jobs"]
                   if job["state"] == "running"}
        found = []
        for pid in self.case.marked.pids("batchwright-trainer"):
            for path in open_files(pid):
                parts = path.split("/")
                if parts[-1] == "curve.csv" and (int(parts[-3]), int(parts[-2])) in running:
                    found.append(pid)
        return found

    def api(self):
        return Api(self.state)

    def pick(self, kind, chance):
        trainers = self.working_trainers()
        if not trainers:
            return []
        trainer = chance.choice(trainers)
        if kind == "trainer":
            return [trainer]
        if kind == "agent":
            return [parent_of(trainer)]
        if kind == "coordinator":
            return self.case.marked.pids("batchwright coordinator")
        return self.case.marked.pids()


def open_files(pid):
    try:
        return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []


class Kill(Case):
    def prepare(self, world_size):
        seed = int(os.environ.get("BATCHWRIGHT_KILL_SEED", random.SystemRandom().randrange(1 << 30)))
        self.chance = random.Random(seed)
        self.sweep = self.write_sweep(SWEEP.replace("WORLD", str(world_size)))
        self.state = self.folder / "state"
        self.faults = self.folder / "faults"
        self.faults.mkdir()
        self.undisturbed = self.run_sweep(self.sweep, self.folder / "undisturbed")
        return seed

    def start_run(self, launcher):
        device = "cpu:2" if not launcher else "auto"
        return self.start([*launcher, *self.command(self.sweep, self.state, "--json", device=device)],
                          variables={"BATCHWRIGHT_FAULT_DIR": str(self.faults)})

    def pick_when_working(self, victims, kind):
        def pick():
            try:
                return victims.pick(kind, self.chance)
            except OSError:
                return []  # the coordinator is starting
        return wait_until(pick, f"a working {kind}")

    def kill(self, victims, kind):
        """After a few steps more: a fault point is armed and waited for, a process is killed."""
        target = rows_written(self.state) + self.chance.randrange(1, 25)
        wait_until(lambda: rows_written(self.state) >= target, f"{target} steps")
        if kind in FAULT_POINTS:
            (self.faults / kind).touch()
            wait_until(lambda: not (self.faults / kind).exists(), f"a process to die at {kind}")
            return
        for pid in self.pick_when_working(victims, kind):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if kind == "everything":
            self.marked.kill_all()

    def check(self, world_size, kinds, launcher=()):
        seed = self.prepare(world_size)
        self.chance.shuffle(kinds)
        print(f"\nworld size {world_size}, {' '.join(launcher[:1]) or 'run'}, seed {seed}, {len(kinds)} kills", flush=True)
        victims, process = Victims(self, self.state), self.start_run(launcher)
        for number, kind in enumerate(kinds, 1):
            self.pick_when_working(victims, "trainer")
            self.assertIsNone(process.poll(), "the sweep ended before the last kill: make it longer")
            self.kill(victims, kind)
            print(f"kill {number}: {kind}, at {rows_written(self.state)} steps written", flush=True)
            if kind == "everything":
                process.communicate()
                process.stderr_file.close()
                process = self.start_run(launcher)
        status, out, err = self.finish(process)
        self.assertEqual(status, 0, err[-3000:])
        self.check_results(json.loads(out))

    def check_results(self, results):
        self.assertEqual({point["state"] for point in results["points"]}, {"finished"})
        self.assertEqual(weights(results), weights(self.undisturbed))
        self.assertEqual(sum(point.get("retries_used", 0) for point in results["points"]), 0)
        rows = read_curves(self.state)
        seen = [(int(row["ordinal"]), int(row["step"])) for row in rows]
        self.assertEqual(seen, [(ordinal, step) for ordinal in range(POINTS) for step in range(1, STEPS + 1)])
        self.assertEqual([row["loss"] for row in rows],
                         [row["loss"] for row in read_curves(self.folder / "undisturbed")])
        repeated = self.repeated_seconds()
        print(f"device time of steps that were made again: {repeated:.2f} s", flush=True)
        self.assertGreater(repeated, 0)

    def repeated_seconds(self):
        """Device time of the steps that were made again: of each attempt, those beyond the step at which the next
        one that trained began, which is where the two loss curves part."""
        total = 0.0
        for job in sorted((sweep_folder(self.state) / "jobs").iterdir()):
            curves = [read_attempt(path / "curve.csv") for path in sorted(job.iterdir(), key=lambda p: int(p.name))]
            curves = [curve for curve in curves if curve]
            for before, after in zip(curves, curves[1:]):
                kept = sum(1 for old, new in zip(before, after) if old == new)
                started = before[kept - 1][1] if kept else 0.0
                total += (before[-1][1] - started) * self.world_size
        return total


def read_attempt(path):
    """(step, seconds) of whole rows; the last one may have been cut."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        text = file.read()
    whole = text[:text.rfind("\n") + 1].splitlines()
    return [(int(row["step"]), float(row["seconds"])) for row in csv.DictReader(whole)]


class KillOneKindAtATime(Kill):
    world_size = 1

    def test_each_kind_under_run(self):
        each = int(os.environ.get("BATCHWRIGHT_KILLS", 5))
        kinds = ["trainer", "agent", "coordinator", "everything"] * each + FAULT_POINTS * 2
        self.check(self.world_size, kinds)


@unittest.skipUnless(shutil.which("mpirun"), "mpirun is not installed")
class KillUnderMpirun(Kill):
    world_size = 2

    def test_supervisors_children_and_everything(self):
        self.check(self.world_size, ["trainer", "agent", "coordinator", "everything"], MPIRUN)


if __name__ == "__main__":
    unittest.main(verbosity=2)
