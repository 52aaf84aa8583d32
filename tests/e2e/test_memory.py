"""A sweep of networks of very different size under memory limits: what `plan` says before anything runs is what a run
then does, and what does not fit is refused with the arithmetic.
"""
import json
import re
import unittest

from harness import BIN, Case

MIB = 1 << 20
SWEEP = """
method: grid
parameters:
  model: {values: [lenet_bn, cnn, shufflenet_v2_x0_5, resnet18]}
  dataset: {value: fashion_mnist}
  optimizer: {value: sgd}
  momentum: {value: 0.9}
  learning_rate: {value: 0.01}
  batch_size: {value: 256}
  num_epochs: {value: 1}
  max_steps: {value: 2}
  eval_interval: {value: 0}
  limit_train_samples: {value: 1024}
  limit_test_samples: {value: 100}
batchwright: {world_size: 1}
"""
DEVICE = "cpu:2x24MiB"  # resnet18's weights, gradients and momentum alone are 128 MiB
KEYS = {"ordinal", "hash", "verdict", "why", "global_batch", "world_size", "micro_batch", "accumulation", "recompute",
        "predicted_peak_bytes", "limit_bytes"}
PLAN = ("world_size", "micro_batch", "accumulation", "predicted_peak_bytes", "limit_bytes")


class Memory(Case):
    def plan(self, sweep, state, *options, device=DEVICE):
        out, _ = self.run_to_end([str(BIN / "batchwright"), "plan", str(sweep), "--device", device, "--json",
                                  "--state", str(state), *options])
        rows = json.loads(out)
        self.assertEqual([row["ordinal"] for row in rows], list(range(len(rows))))
        for row in rows:
            self.assertLessEqual(KEYS, set(row))
            self.assertIn(row["verdict"], ("fits", "refused", "needs-profile"))
            self.assertTrue(row["why"])
            self.assertEqual(row["global_batch"], 256)
        return rows

    def check_finished(self, point, row):
        self.assertEqual(point["state"], "finished", point["reason"])
        self.assertEqual(point["samples_per_step"], {"min": 256, "max": 256})
        self.assertEqual({key: point[key] for key in PLAN}, {key: row[key] for key in PLAN})
        self.assertLessEqual(point["measured_peak_bytes"], point["limit_bytes"])
        self.assertAlmostEqual(point["measured_peak_bytes"], point["predicted_peak_bytes"],
                               delta=0.005 * point["predicted_peak_bytes"])
        self.assertEqual((point["oom_count"], point["replans"]), (0, 0))

    def check_refused(self, point, row):
        self.assertEqual(point["state"], "refused", point["reason"])
        for reason in (point["reason"], row["why"]):
            self.assertRegex(reason, r"the limit is 24\.00 MiB")
            needed = re.search(r"(?:take|needs) ([0-9.]+) MiB", reason)
            self.assertGreater(float(needed.group(1)), 24, reason)

    def test_what_plan_says_is_what_a_run_does(self):
        sweep, state = self.write_sweep(SWEEP), self.folder / "state"
        for row in self.plan(sweep, state):
            self.assertEqual(row["verdict"], "needs-profile")
            self.assertIsNone(row["micro_batch"])
            self.assertEqual(row["limit_bytes"], 24 * MIB)
        rows = self.plan(sweep, state, "--profile")
        self.assertEqual(rows[:3], self.plan(sweep, state)[:3], "what is measured once is known")
        self.assertEqual([row["verdict"] for row in rows], ["fits", "fits", "fits", "refused"])

        known = self.run_sweep(sweep, state, device=DEVICE, expect=3)["points"]
        unknown = self.run_sweep(sweep, self.folder / "other", device=DEVICE, expect=3)["points"]
        for row, warm, cold in zip(rows, known, unknown):
            if row["verdict"] == "refused":
                self.check_refused(warm, row)
                self.check_refused(cold, row)
                continue
            self.check_finished(warm, row)
            self.assertEqual((warm["probe_steps"], warm["probe_ooms"]), (0, 0), "a cache hit probes nothing")
            self.check_finished(cold, {**row, "replans": None})
            self.assertLessEqual(cold["probe_steps"], 3)
            self.assertEqual(warm["weights_sha256"], cold["weights_sha256"])
        ragged = [row for row in rows[:3] if row["micro_batch"] * row["accumulation"] > 256]
        self.assertTrue(ragged, "one of them has unequal micro-batches")

    def test_without_a_limit_everything_fits_as_it_is(self):
        for row in self.plan(self.write_sweep(SWEEP), self.folder / "state", device="cpu:2"):
            self.assertEqual((row["verdict"], row["micro_batch"], row["accumulation"]), ("fits", 256, 1))
            self.assertIsNone(row["limit_bytes"])

    def test_more_ranks_than_slots_are_refused(self):
        sweep = self.write_sweep(SWEEP.replace("world_size: 1", "world_size: 3"))
        for row in self.plan(sweep, self.folder / "state"):
            self.assertEqual(row["verdict"], "refused")
            self.assertIn("needs 3 slots at once, and the device offers 2", row["why"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
