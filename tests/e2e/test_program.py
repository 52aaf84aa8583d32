"""Programs of one's own: the example under PyTorch's DistributedDataParallel on two ranks, preempted and resumed with
the loss curve that an undisturbed run has; a plain script that knows nothing of Batchwright; what a coordinator that
does not allow programs says.

Command: python3 tests/e2e/test_program.py
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from harness import BIN, ROOT, Api, Case, read_curves, rows_written, sweep_folder, wait_until

PLAIN = """
import json, os, sys
print(sys.argv[1:], flush=True)
assert json.loads(os.environ["BATCHWRIGHT_POINT"]) == {"lr": 0.5, "mode": "MODE"}
assert os.environ["RANK"] == os.environ["LOCAL_RANK"] == "0" and os.environ["WORLD_SIZE"] == "1"
assert "BATCHWRIGHT_TOKEN" not in os.environ
"""
PLAIN_SWEEP = """
method: grid
program: plain.py
command: ["${env}", "WORD=${envvar:BW_TEST_WORD}", "${interpreter}", "${program}", --fixed, "${args}"]
parameters: {lr: {value: 0.5}, mode: {value: MODE}}
batchwright: {retries: 0}
"""


def python_with_torch():
    """An interpreter that has PyTorch, or None. ./bootstrap puts one into the cache."""
    for path in (os.environ.get("BATCHWRIGHT_PYTHON"), sys.executable,
                 pathlib.Path.home() / ".cache/batchwright/venv/bin/python"):
        if path and subprocess.run([str(path), "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('torch'))"],
                                   capture_output=True).returncode == 0:
            return str(path)
    return None


PYTHON = python_with_torch()


class Program(Case):
    def example(self, steps):
        text = (ROOT / "sweeps/examples/ddp.yaml").read_text()
        self.assertIn("steps: {value: 2000}", text)
        text = text.replace("steps: {value: 2000}", f"steps: {{value: {steps}}}")
        text = text.replace("values: [0.003, 0.01]", "values: [0.003]")
        return self.write_sweep(text.replace("program: sweeps", f"program: {ROOT}/sweeps"))

    def variables(self):
        return {"PATH": f"{pathlib.Path(PYTHON or sys.executable).parent}:{os.environ['PATH']}"}

    def run_to_json(self, sweep, state, expect=0, **variables):
        process = self.start(self.command(sweep, state, "--json"), variables={**self.variables(), **variables})
        status, out, err = self.finish(process)
        self.assertEqual(status, expect, err)
        return json.loads(out) if expect == 0 else err

    def curve(self, state):
        return [(row["ordinal"], row["step"], row["loss"]) for row in read_curves(state)]

    def log(self, state, attempt=1):
        return (sweep_folder(state) / f"jobs/0/{attempt}/rank0.log").read_text()

    @unittest.skipIf(PYTHON is None, "no Python with PyTorch (./bootstrap installs one)")
    def test_the_example_goes_on_after_a_pause_and_a_kill_with_the_same_losses(self):
        steps = 3000
        sweep, quiet, state = self.example(steps), self.folder / "quiet", self.folder / "state"
        expected = self.run_to_json(sweep, quiet)["points"][0]
        self.assertEqual(expected["attempts"], 1)
        self.assertEqual(expected["world_size"], 2)
        process = self.start(self.command(sweep, state, "--json"), variables=self.variables())
        wait_until(lambda: rows_written(state) >= 300 or process.poll() is not None, "300 steps")
        self.run_to_end([str(BIN / "batchwright"), "pause", "last", "--state", str(state)])
        paused = wait_until(lambda: self.point(state, "paused"), "the pause")
        self.assertEqual(paused["attempts"], 1)
        self.run_to_end([str(BIN / "batchwright"), "resume", "last", "--state", str(state)])
        wait_until(lambda: self.rows(state, 2) >= 1500 or process.poll() is not None, "1,500 steps")
        for pid in self.marked.pids("examples/ddp.py")[:1]:
            os.kill(pid, signal.SIGKILL)
        status, out, err = self.finish(process)
        self.assertEqual(status, 0, err)
        point = json.loads(out)["points"][0]
        self.assertEqual(point["state"], "finished")
        self.assertEqual(point["attempts"], 3, "a pause and a kill; neither used up a retry")
        self.assertEqual(point["retries_used"], 0)
        self.assertEqual(len(self.curve(state)), steps)
        self.assertEqual(self.curve(state), self.curve(quiet), "bit for bit")
        self.assertEqual(point["metrics"]["loss"], expected["metrics"]["loss"])
        self.assertGreater(self.rows(state, 1), 0)
        self.assertEqual(len(list(sweep_folder(state).glob("jobs/0/3/step-*.pt"))), 1, "older checkpoints are gone")

    def point(self, state, wanted):
        try:
            job = Api(state).get("/api/v1/sweeps/last/jobs/0")
        except (OSError, LookupError):
            return None
        return {"attempts": job["attempts"]} if job["state"] == wanted else None

    def rows(self, state, attempt):
        file = sweep_folder(state) / f"jobs/0/{attempt}/curve.csv"
        return file.read_bytes().count(b"\n") - 1 if file.exists() else 0

    def plain(self, mode, tail=""):
        (self.folder / "plain.py").write_text(PLAIN.replace("MODE", mode) + tail)
        return self.write_sweep(PLAIN_SWEEP.replace("MODE", mode))

    def test_a_script_that_knows_nothing_of_us_runs_without_a_shell(self):
        sweep, state = self.plain("$(touch /tmp/x); a b"), self.folder / "state"
        results = self.run_to_json(sweep, state, BW_TEST_WORD="yes")
        self.assertEqual(results["points"][0]["state"], "finished")
        self.assertIn("['--fixed', '--lr=0.5', '--mode=$(touch /tmp/x); a b']", self.log(state))

    def test_a_script_that_fails_says_with_what(self):
        sweep, state = self.plain("m", "raise ValueError('no such mode')"), self.folder / "state"
        err = self.run_to_json(sweep, state, expect=3)
        self.assertIn("ValueError: no such mode", err)
        self.assertIn("exited with status 1", err)

    def test_a_program_that_is_not_there_is_named(self):
        sweep = self.write_sweep("method: grid\ncommand: [no-such-program]\nparameters: {a: {value: 1}}\n")
        err = self.run_to_json(sweep, self.folder / "state", expect=3)
        self.assertIn('there is no program "no-such-program"', err)

    def test_a_shared_coordinator_runs_no_programs_unless_it_is_told_to(self):
        sweep, state = self.plain("m"), self.folder / "state"
        self.start_coordinator(state)
        submit = [str(BIN / "batchwright"), "submit", str(sweep), "--state", str(state)]
        _, err = self.run_to_end(submit, expect=2)
        self.assertIn("--allow-programs", err)
        other = self.folder / "other"
        self.start_coordinator(other, "--allow-programs")
        self.run_to_end(submit[:-1] + [str(other)])

    def start_coordinator(self, state, *options):
        ports = ["--http-port", "0", "--agent-port", "0"]
        self.start([str(BIN / "batchwright"), "coordinator", "--state", str(state), *ports, *options]).stderr_file.close()
        wait_until(lambda: self.answers(state), "the coordinator")

    def answers(self, state):
        try:
            return Api(state).get("/api/v1/sweeps") is not None
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
