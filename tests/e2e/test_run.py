"""`batchwright run` from the first start to the last: results, continuing, bad input."""
import json
import pathlib
import unittest

from harness import BIN, Case, read_curves, sweep_folder, weights

SWEEP = """
method: grid
metric: {name: test_accuracy, goal: maximize}
parameters:
  model: {value: cnn}
  dataset: {value: fashion_mnist}
  learning_rate: {values: [0.001, 0.003]}
  batch_size: {value: 100}
  num_epochs: {value: 1}
  limit_train_samples: {value: 2000}
  limit_test_samples: {value: 500}
batchwright: {world_size: 1, checkpoint_steps: 5}
"""


class Run(Case):
    def test_a_sweep_runs_to_its_end_and_its_results_have_the_documented_form(self):
        sweep, state = self.write_sweep(SWEEP), self.folder / "state"
        results = self.run_sweep(sweep, state)
        self.assertEqual(set(results), {"sweep", "state", "environment", "lost_device_seconds", "points"})
        self.assertEqual(results["state"], "finished")
        self.assertEqual([point["ordinal"] for point in results["points"]], [0, 1])
        for point in results["points"]:
            self.assertEqual(set(point), {
                "ordinal", "hash", "params", "state", "reason", "attempts", "retries_used", "lost_device_seconds", "world_size",
                "micro_batch", "accumulation", "samples_per_step", "weights_sha256", "metrics", "limit_bytes",
                "predicted_peak_bytes", "measured_peak_bytes", "oom_count", "probe_ooms", "probe_steps", "replans",
                "recompute"})
            self.assertGreater(point["measured_peak_bytes"], 1 << 20)
            self.assertEqual(point["state"], "finished", point["reason"])
            self.assertEqual(point["attempts"], 1)
            self.assertEqual(point["samples_per_step"], {"min": 100, "max": 100})
            self.assertRegex(point["weights_sha256"], "^[0-9a-f]{64}$")
            self.assertGreater(point["metrics"]["test_accuracy"], 0.5)
            self.assertGreater(point["metrics"]["samples_per_second"], 0)
        self.assertEqual(json.loads((sweep_folder(state) / "results.json").read_text()), results)
        self.assertEqual([(row["ordinal"], row["step"]) for row in read_curves(state)],
                         [(ordinal, step) for ordinal in (0, 1) for step in range(1, 21)])
        for name in ("cnn_train_test_acc.png", "cnn_train_test_loss.png"):
            self.assertEqual((sweep_folder(state) / "plot" / name).read_bytes()[:4], b"\x89PNG")

    def test_a_finished_sweep_prints_its_results_again_and_runs_nothing(self):
        sweep, state = self.write_sweep(SWEEP), self.folder / "state"
        first = self.run_sweep(sweep, state)
        again = self.run_sweep(sweep, state)
        self.assertEqual(first, again)
        fresh = self.run_sweep(sweep, state, "--fresh")
        self.assertNotEqual(first["sweep"], fresh["sweep"])
        self.assertEqual(weights(first), weights(fresh), "the same points end in the same weights")

    def test_a_changed_file_is_a_new_sweep_and_limits_are_no_change(self):
        sweep, state = self.write_sweep(SWEEP), self.folder / "state"
        first = self.run_sweep(sweep, state)
        self.write_sweep(SWEEP.replace("checkpoint_steps: 5", "checkpoint_steps: 5, retries: 7"))
        same, _ = self.run_to_end(self.command(sweep, state, "--json"))
        self.assertEqual(json.loads(same)["sweep"], first["sweep"])
        self.write_sweep(SWEEP.replace("[0.001, 0.003]", "[0.001]"))
        other, err = self.run_to_end(self.command(sweep, state, "--json"))
        self.assertNotEqual(json.loads(other)["sweep"], first["sweep"])
        self.assertIn("has changed", err)

    def test_two_ranks_train_the_weights_of_the_seed_twice(self):
        sweep = self.write_sweep(SWEEP.replace("world_size: 1", "world_size: 2"))
        first = self.run_sweep(sweep, self.folder / "a")
        second = self.run_sweep(sweep, self.folder / "b")
        self.assertEqual(weights(first), weights(second))
        self.assertEqual({point["world_size"] for point in first["points"]}, {2})


class BadInput(Case):
    def complains(self, argv, expect, *texts):
        out, err = self.run_to_end(argv, expect)
        self.assertEqual(out, "")
        for text in texts:
            self.assertIn(text, err)

    def test_every_problem_of_a_file_is_told_at_once_with_its_place(self):
        sweep = self.write_sweep(SWEEP.replace("model: {value: cnn}", "model: {value: cnnn}")
                                 .replace("values: [0.001, 0.003]", 'values: ["fast"]')
                                 .replace("world_size: 1", "wrld_size: 1"))
        self.complains(self.command(sweep, "state"), 2, ':5:18: ', '"cnn"', ':7:', '"fast"', ':12:', '"world_size"')

    def test_a_file_that_is_not_there(self):
        self.complains(self.command("nowhere.yaml", "state"), 2, "nowhere.yaml")

    def test_a_second_process_on_the_same_state_is_refused_and_told_who_holds_it(self):
        sweep = self.write_sweep(SWEEP.replace("num_epochs: {value: 1}", "num_epochs: {value: 200}"))
        holder = self.start(self.command(sweep, "state"))
        endpoint = self.folder / "state" / "endpoint.json"
        from harness import wait_until
        wait_until(endpoint.exists, "the coordinator to listen")
        coordinator = self.marked.pids("batchwright coordinator")
        self.complains(self.command(sweep, "state"), 4, "state", str(coordinator[0]))
        holder.terminate()
        status, _, _ = self.finish(holder)
        self.assertEqual(status, 130)

    def test_a_state_directory_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        self.complains(self.command(self.write_sweep(SWEEP), "file/state"), 5, "file/state", "--state")

    def test_missing_data_fails_the_points_with_the_remedy(self):
        sweep = self.write_sweep(SWEEP)
        argv = self.command(sweep, "state", "--json", "--data", str(self.folder / "nothing-here"))
        out, _ = self.run_to_end(argv, 3)
        for point in json.loads(out)["points"]:
            self.assertEqual(point["state"], "failed")
            self.assertIn("nothing-here", point["reason"])
            self.assertIn("dataset-fashion-mnist", point["reason"])

    def test_truncated_data_is_named_with_its_sizes(self):
        folder = self.folder / "data" / "fashion-mnist"
        folder.mkdir(parents=True)
        for source in pathlib.Path("/usr/share/datasets/fashion-mnist").glob("*.gz"):
            (folder / source.name).write_bytes(source.read_bytes()[:2000])
        argv = self.command(self.write_sweep(SWEEP), "state", "--json", "--data", str(self.folder / "data"))
        out, _ = self.run_to_end(argv, 3)
        for point in json.loads(out)["points"]:
            self.assertEqual(point["state"], "failed")
            self.assertIn("train-", point["reason"])

    def test_a_loss_that_is_not_finite_ends_the_point_with_the_step(self):
        sweep = self.write_sweep(SWEEP.replace("[0.001, 0.003]", "[100000.0]").replace("batch_size", "optimizer: {value: sgd}\n  batch_size"))
        results = self.run_sweep(sweep, "state", expect=3)
        (point,) = results["points"]
        self.assertEqual(point["state"], "failed")
        self.assertRegex(point["reason"], "nan|inf")
        self.assertIn("lower the learning rate", point["reason"])
        self.assertEqual(point["attempts"], 1, "another attempt would end the same way")


class Version(Case):
    def test_version_and_help(self):
        out, _ = self.run_to_end([str(BIN / "batchwright"), "version", "--json"])
        self.assertEqual(json.loads(out)["version"], "0.1.0")
        out, _ = self.run_to_end([str(BIN / "batchwright"), "--help"])
        self.assertIn("run", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
