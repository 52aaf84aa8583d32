"""SIGKILL of everything at random moments, then the same command again: nothing is lost, nothing is done twice.

Commands: python3 tests/e2e/test_kill.py            (BATCHWRIGHT_KILL_SEED=N repeats a run, BATCHWRIGHT_KILLS=N more kills)
"""
import os
import random
import unittest

from harness import Case, read_curves, rows_written, sweep_folder, wait_until, weights

CHECKPOINT_STEPS = 10
STEPS = 60  # of each point
SWEEP = f"""
method: grid
metric: {{name: test_accuracy, goal: maximize}}
parameters:
  model: {{values: [cnn, lenet_bn]}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{values: [0.001, 0.003]}}
  batch_size: {{value: 100}}
  num_epochs: {{value: 2}}
  limit_train_samples: {{value: 3000}}
  limit_test_samples: {{value: 500}}
batchwright: {{world_size: WORLD, checkpoint_steps: {CHECKPOINT_STEPS}}}
"""


class KillEverything(Case):
    def check(self, world_size, kills):
        seed = int(os.environ.get("BATCHWRIGHT_KILL_SEED", random.SystemRandom().randrange(1 << 30)))
        print(f"\nworld size {world_size}, seed {seed}, {kills} kills", flush=True)
        chance = random.Random(seed)
        sweep = self.write_sweep(SWEEP.replace("WORLD", str(world_size)))
        undisturbed = self.run_sweep(sweep, self.folder / "undisturbed")

        state = self.folder / "state"
        for kill in range(kills):
            process = self.start(self.command(sweep, state))
            target = rows_written(state) + chance.randrange(1, 4 * STEPS // kills)
            wait_until(lambda: rows_written(state) >= target or process.poll() is not None, f"{target} steps")
            self.assertIsNone(process.poll(), "the sweep ended before the kill; the seed's moments come too late")
            rows = rows_written(state)
            self.marked.kill_all()
            process.communicate()
            process.stderr_file.close()
            print(f"kill {kill + 1}: at {rows} steps written", flush=True)
        results = self.run_sweep(sweep, state)

        self.assertEqual({point["state"] for point in results["points"]}, {"finished"})
        self.assertEqual(weights(results), weights(undisturbed))
        self.assertGreater(sum(point["attempts"] for point in results["points"]), 4, "some attempt was killed")
        seen = [(int(row["ordinal"]), int(row["step"])) for row in read_curves(state)]
        self.assertEqual(seen, [(ordinal, step) for ordinal in range(4) for step in range(1, STEPS + 1)])
        losses = [row["loss"] for row in read_curves(state)]
        self.assertEqual(losses, [row["loss"] for row in read_curves(self.folder / "undisturbed")])
        self.check_repeated_steps(state)

    def check_repeated_steps(self, state):
        """An attempt begins at an accepted checkpoint: it repeats less than two checkpoint periods (the last
        checkpoint may have been on its way to the coordinator)."""
        for job in sorted((sweep_folder(state) / "jobs").iterdir()):
            attempts = sorted(job.iterdir(), key=lambda path: int(path.name))
            reached = 0
            for attempt in attempts:
                curve = attempt / "curve.csv"
                if not curve.exists():
                    continue  # killed before its first step
                steps = [int(line.split(",")[0]) for line in curve.read_text().splitlines()[1:] if line.count(",") == 4]
                first_own = next((i for i, step in enumerate(steps) if i and step <= steps[i - 1]), 0)
                self.assertEqual(first_own, 0, f"{curve}: steps go back")
                reached = max(reached, steps[-1] if steps else 0)
            self.assertEqual(reached, STEPS)

    def test_one_rank_a_job(self):
        self.check(world_size=1, kills=int(os.environ.get("BATCHWRIGHT_KILLS", 5)))

    def test_two_ranks_a_job(self):
        self.check(world_size=2, kills=3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
