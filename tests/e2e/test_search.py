"""Searches with real trainers: Bayesian search, also through SIGKILLs of the coordinator; early stopping.

Command: python3 tests/e2e/test_search.py
"""
import os
import signal
import unittest

from harness import Case, read_curves, rows_written, wait_until

SPACE = """
parameters:
  model: {value: cnn}
  dataset: {value: fashion_mnist}
  learning_rate: {min: 0.0001, max: 0.1, distribution: log_uniform_values}
  optimizer: {values: [adam, sgd]}
  batch_size: {value: 100}
  num_epochs: {value: EPOCHS}
  limit_train_samples: {value: 1000}
  limit_test_samples: {value: 500}
"""
STEPS_PER_EPOCH = 10
BAYES = ("method: bayes\nrun_cap: POINTS\nmetric: {name: test_accuracy, goal: maximize}\n"
         + SPACE.replace("EPOCHS", "2") + "batchwright: {seed: 3}\n")


def grid(options, top="", epochs=4):
    return f"""
method: grid
metric: {{name: test_accuracy, goal: maximize}}
{top}
parameters:
  model: {{value: cnn}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{values: [0.003, 0.001, 0.0003, 0.00003, 0.0000001]}}
  batch_size: {{value: 100}}
  num_epochs: {{value: {epochs}}}
  limit_train_samples: {{value: 1000}}
  limit_test_samples: {{value: 500}}
batchwright:
  world_size: 1
{options}
"""


class Search(Case):
    def check_points(self, results, count):
        points = results["points"]
        self.assertEqual([point["ordinal"] for point in points], list(range(count)), "each ordinal once")
        self.assertEqual({point["state"] for point in points}, {"finished"})
        self.assertEqual(len({point["hash"] for point in points}), count, "no assignment twice")

    def check_curves(self, state, results, steps):
        seen = [(int(row["ordinal"]), int(row["step"])) for row in read_curves(state)]
        self.assertEqual(seen, [(point["ordinal"], step) for point in results["points"]
                                for step in range(1, steps + 1)])

    def test_a_bayesian_search_finishes_and_finds_a_rate_that_learns(self):
        sweep, state = self.write_sweep(BAYES.replace("POINTS", "10")), self.folder / "state"
        results = self.run_sweep(sweep, state)
        self.check_points(results, 10)
        self.check_curves(state, results, 2 * STEPS_PER_EPOCH)
        self.assertGreater(max(point["metrics"]["test_accuracy"] for point in results["points"]), 0.6)

    def test_a_raised_cap_goes_on(self):
        sweep, state = self.write_sweep(BAYES.replace("POINTS", "3")), self.folder / "state"
        first = self.run_sweep(sweep, state)
        self.write_sweep(BAYES.replace("POINTS", "5"))
        results = self.run_sweep(sweep, state)
        self.check_points(results, 5)
        self.assertEqual([point["hash"] for point in results["points"][:3]],
                         [point["hash"] for point in first["points"]])

    def test_through_kills_of_the_coordinator_each_ordinal_comes_once(self):
        sweep, state = self.write_sweep(BAYES.replace("POINTS", "8")), self.folder / "state"
        process = self.start(self.command(sweep, state, "--json"))
        for target in (15, 50, 100):
            wait_until(lambda t=target: rows_written(state) >= t or process.poll() is not None, f"{target} steps")
            self.assertIsNone(process.poll(), "the sweep ended before the kill")
            for pid in self.marked.pids(" coordinator "):
                os.kill(pid, signal.SIGKILL)
        status, _, err = self.finish(process)
        self.assertEqual(status, 0, err)
        results = self.run_sweep(sweep, state)  # of the finished sweep
        self.check_points(results, 8)
        self.check_curves(state, results, 2 * STEPS_PER_EPOCH)

    def test_through_kills_of_everything_each_ordinal_comes_once(self):
        sweep, state = self.write_sweep(BAYES.replace("POINTS", "6")), self.folder / "state"
        for target in (15, 60):
            process = self.start(self.command(sweep, state))
            wait_until(lambda t=target: rows_written(state) >= t or process.poll() is not None, f"{target} steps")
            self.assertIsNone(process.poll(), "the sweep ended before the kill")
            self.marked.kill_all()
            process.communicate()
            process.stderr_file.close()
        results = self.run_sweep(sweep, state)
        self.check_points(results, 6)
        self.check_curves(state, results, 2 * STEPS_PER_EPOCH)


class EarlyStopping(Case):
    def check(self, results, finished_at_least):
        states = {point["ordinal"]: point["state"] for point in results["points"]}
        self.assertEqual(set(states), set(range(5)))
        self.assertEqual(set(states.values()), {"finished", "stopped"}, results["points"])
        self.assertGreaterEqual(sum(state == "finished" for state in states.values()), finished_at_least)
        best = max(results["points"], key=lambda point: point["metrics"]["test_accuracy"] or 0)
        self.assertEqual(best["state"], "finished", "the best ran to its end")
        self.assertEqual(states[4], "stopped", "a rate that learns nothing does not")

    def test_halving_promotes_by_resuming_from_the_checkpoint(self):
        sweep = self.write_sweep(grid("  stopper: {type: asha, min_iter: 1, eta: 2}"))
        state = self.folder / "state"
        results = self.run_sweep(sweep, state)
        self.check(results, 1)
        self.assertTrue(any(point["attempts"] > 1 for point in results["points"]), "somebody was promoted")
        self.assertIn("not promoted from rung 1", results["points"][4]["reason"])
        rows = read_curves(state)
        for point in results["points"]:
            steps = [int(row["step"]) for row in rows if int(row["ordinal"]) == point["ordinal"]]
            self.assertEqual(steps, list(range(1, len(steps) + 1)), "a promoted job goes on, it does not begin again")
        self.assertLess(len(rows), 5 * 4 * STEPS_PER_EPOCH, "fewer steps than without")
        print(f"\nasha: {len(rows)} of {5 * 4 * STEPS_PER_EPOCH} steps", flush=True)

    def test_hyperband_as_in_wandb(self):
        sweep = self.write_sweep(grid("", "early_terminate: {type: hyperband, min_iter: 1, eta: 2}", epochs=8))
        results = self.run_sweep(sweep, self.folder / "state")
        self.check(results, 1)
        self.assertIn("behind at band", results["points"][4]["reason"])

    def test_a_target_that_is_reached_starts_nothing_new(self):
        text = grid("  concurrency: 1").replace("goal: maximize", "goal: maximize, target: 0.3")
        results = self.run_sweep(self.write_sweep(text), self.folder / "state", device="cpu:1")
        states = [point["state"] for point in results["points"]]
        self.assertEqual(states[0], "finished")
        self.assertIn("stopped", states)
        self.assertIn("reached the target", results["points"][-1]["reason"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
