"""The clients of a running coordinator, from the first submission to the proof: real coordinator, worker, trainers."""
import json
import re
import unittest

from harness import BIN, Case, wait_until

SWEEP = """
name: clients
method: grid
metric: {name: test_accuracy, goal: maximize}
parameters:
  model: {value: cnn}
  dataset: {value: fashion_mnist}
  learning_rate: {values: [0.001, 0.002]}
  batch_size: {value: 100}
  num_epochs: {value: %d}
  limit_train_samples: {value: 4000}
  limit_test_samples: {value: 200}
batchwright: {world_size: 1, checkpoint_steps: 10}
"""
BROKEN = """
name: broken
method: grid
parameters:
  model: {value: cnn}
  dataset: {value: fashion_mnist}
  learning_rate: {values: [1000000.0]}
  optimizer: {value: sgd}
  batch_size: {value: 100}
  num_epochs: {value: 1}
  limit_train_samples: {value: 1000}
  limit_test_samples: {value: 100}
batchwright: {retries: 0}
"""
LONG = 400  # epochs: never waited for


class Clients(Case):
    def setUp(self):
        super().setUp()
        self.coordinator = self.start([str(BIN / "batchwright"), "coordinator", "--state", "state"])
        wait_until((self.folder / "state" / "endpoint.json").exists, "the coordinator to listen")

    def worker(self):
        process = self.start([str(BIN / "batchwright"), "worker", "--state", "state", "--device", "cpu:2",
                              "--name", "host/0", "--metrics-port", "-1"])
        wait_until(lambda: self.ask("agents")["slots"] == 2, "the worker to join")
        return process

    def client(self, *words, expect=0):
        out, err = self.run_to_end([str(BIN / "batchwright"), *words, "--state", "state"], expect)
        return out if expect == 0 else err

    def ask(self, *words):
        return json.loads(self.client(*words, "--json"))

    def submit(self, text, *options):
        return self.ask("submit", str(self.write_sweep(text)), *options)["sweep"]

    def until(self, selector, *states):
        return wait_until(lambda: (job := self.ask("show", selector))["state"] in states and job,
                          f"{selector} to be one of {states}")

    def test_from_submission_to_proof(self):
        self.assertEqual(self.submit(SWEEP % LONG), 1)
        waiting = self.ask("explain", "last/0")
        self.assertEqual(waiting["state"], "queued")
        self.assertTrue(any("offer none" in line for line in waiting["lines"]), waiting)
        self.worker()
        for ordinal in (0, 1):
            self.until(f"last/{ordinal}", "running")
        self.assertRegex(self.client("list"), r"1 +clients +running +0/2")
        self.assertEqual(self.ask("list")["sweeps"][0]["counts"], {"running": 2})
        self.assertRegex(self.client("agents"), r"host/0 +live .*1/0, 1/1")

        # Pause: a checkpoint at an agreed step; then on, with two ranks.
        wait_until(lambda: self.ask("show", "last/0")["step"] >= 5, "a few steps")
        paused = self.ask("pause", "clients")
        self.assertEqual([job["ordinal"] for job in paused["changed"]], [0, 1])
        self.assertTrue(paused["paused"])
        held = [self.until(f"1/{ordinal}", "paused") for ordinal in (0, 1)]
        self.assertTrue(all(job["checkpoint"]["step"] >= 5 for job in held[:1]), held[0]["checkpoint"])
        self.assertEqual(self.ask("agents")["slots_busy"], 0)
        self.assertEqual(self.ask("list", "--with-state", "paused")["total"], 1)
        cancelled = self.ask("cancel", "last/1")
        self.assertEqual(cancelled["changed"][0]["after"], "cancelled")
        resumed = self.ask("resume", "last", "--world-size", "2")
        self.assertEqual([job["ordinal"] for job in resumed["changed"]], [0])
        job = self.until("last/0", "running")
        self.assertEqual(job["world_size"], 2)
        self.assertEqual(job["history"][1]["resumed_from"]["step"], held[0]["checkpoint"]["step"])
        self.assertEqual([rank["agent"] for rank in job["history"][1]["ranks"]], ["host/0", "host/0"])

        # Drain: the work leaves; return: it comes back.
        drained = self.ask("drain", "host/0", "--reason", "a new disk")
        self.assertEqual([row["ordinal"] for row in drained["running_there"]], [0])
        wait_until(lambda: self.ask("agents")["slots_busy"] == 0, "the agent to be empty")
        self.assertIn("drained: a new disk", self.client("agents"))
        self.assertIn("drain", self.client("explain", "last/0"))
        self.assertEqual(self.ask("return", "host/0")["state"], "live")
        self.until("last/0", "running")

        self.assertEqual([job["ordinal"] for job in self.ask("cancel", "last/*")["changed"]], [0])
        self.client("wait", "last", expect=3)
        report = self.ask("verify", "last")
        self.assertTrue(report["complete"], report)
        self.assertEqual(report["ended"], {"cancelled": 2})
        self.assertGreaterEqual(report["resumes"], 2)
        self.coordinator.terminate()
        self.finish(self.coordinator)
        alone = self.ask("verify", "clients")  # from the journal, by the client itself
        self.assertGreaterEqual(alone.pop("events"), report.pop("events"))  # the agent's farewell
        self.assertEqual(alone, report)

    def test_results_logs_and_retries(self):
        self.worker()
        out, _ = self.run_to_end([str(BIN / "batchwright"), "submit", str(self.write_sweep(SWEEP % 1)), "--wait",
                                  "--state", "state"])
        self.assertIn("sweep 1: 2 points", out)
        self.assertIn("finished", out)
        board = self.ask("leaderboard", "last")
        self.assertEqual([row["rank"] for row in board["rows"]], [1, 2])
        accuracies = [row["metrics"]["test_accuracy"] for row in board["rows"]]
        self.assertEqual(accuracies, sorted(accuracies, reverse=True))
        self.assertRegex(self.client("leaderboard", "last"), r"RANK +POINT +learning_rate")
        job = self.ask("show", "last/0")
        self.assertEqual((job["state"], job["epochs"], len(job["history"])), ("finished", 1, 1))
        self.assertEqual(self.ask("wait", "last/0")["state"], "finished")
        self.assertTrue(self.ask("verify", "last")["complete"])

        self.assertEqual(self.submit(BROKEN), 2)
        self.client("wait", "broken", expect=3)
        failed = self.ask("show", "broken/0")
        self.assertEqual((failed["state"], failed["unsuccessful"]), ("failed", True), failed["reason"])
        self.assertIn(failed["reason"], self.client("show", "broken/*"))
        log = self.ask("logs", "broken/0")
        self.assertEqual((log["attempt"], log["rank"]), (1, 0))
        self.assertEqual(self.client("logs", "broken/0", "-f"), log["text"])
        self.assertEqual(self.ask("retry", "--failed", "last")["changed"][0]["before"], "failed")
        self.client("wait", "broken", expect=3)
        again = self.ask("show", "broken/0")
        self.assertEqual(len(again["history"]), 2)
        self.assertEqual(self.ask("verify", "broken")["ended"], {"failed": 1})
        events = self.client("logs", "broken/0", "-f", "--json").splitlines()
        self.assertEqual(json.loads(events[-1])["event"], "ended")

    def test_mistakes_are_told_with_their_remedy(self):
        self.submit(SWEEP % LONG)
        for words, told in (
            (["show"], "what is required"),
            (["show", "9"], 'there is no sweep "9"; the newest is 1'),
            (["show", "cliens"], 'did you mean "clients"'),
            (["show", "last/7"], "has no point 7"),
            (["pause", "last/x"], 'found "x"'),
            (["logs", "last"], "add its ordinal"),
            (["logs", "last/0"], "has not run yet"),
            (["resume", "last", "--world-size", "5000"], "from 1 to 4096"),
            (["drain", "host/0"], '"batchwright worker" starts one'),
            (["list", "--with-state", "runing"], 'did you mean "running"'),
            (["submit", "missing.yaml"], "missing.yaml"),
            (["completion", "csh"], "bash"),
        ):
            with self.subTest(words=words):
                argv = [str(BIN / "batchwright"), *words]
                argv += [] if words[0] == "completion" else ["--state", "state"]
                status, out, err = self.finish(self.start(argv))
                self.assertEqual((status, out), (2, ""), err)
                self.assertIn(told, err)
        status, _, err = self.finish(self.start([str(BIN / "batchwright"), "list", "--state", "nowhere"]))
        self.assertEqual(status, 2)
        self.assertIn("--coordinator HOST:PORT", err)
        self.coordinator.kill()
        self.finish(self.coordinator)
        self.assertIn("batchwright coordinator", self.client("list", expect=7))

    def test_completion_knows_every_verb(self):
        for shell in ("bash", "zsh", "fish"):
            out, _ = self.run_to_end([str(BIN / "batchwright"), "completion", shell])
            for verb in ("submit", "leaderboard", "retry", "drain"):
                self.assertTrue(re.search(rf"\b{verb}\b", out), (shell, verb))


if __name__ == "__main__":
    unittest.main(verbosity=2)
