"""Workers of a coordinator: one that leaves on SIGTERM loses nothing, one whose agent dies gets another, also as a
process of mpirun."""
import json
import os
import shutil
import signal
import unittest

from harness import BIN, Api, Case, parent_of, rows_written, sweep_folder, wait_until, weights

STEPS = 150
SWEEP = f"""
method: grid
parameters:
  model: {{value: lenet_bn}}
  dataset: {{value: fashion_mnist}}
  learning_rate: {{value: 0.002}}
  batch_size: {{value: 100}}
  num_epochs: {{value: 3}}
  limit_train_samples: {{value: 5000}}
  limit_test_samples: {{value: 500}}
batchwright: {{world_size: WORLD, checkpoint_steps: 1000, retries: 0}}
"""


class Workers(Case):
    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.start([str(BIN / "batchwright"), "coordinator", "--state", str(self.state)])
        wait_until((self.state / "endpoint.json").exists, "the coordinator to listen")

    def argv(self, *options):
        return [str(BIN / "batchwright"), "worker", "--state", str(self.state), "--device", "cpu:2", *options]

    def start_worker(self, number):
        process = self.start(self.argv("--name", f"agent{number}", "--local-rank", str(number), "--local-size", "2"))
        wait_until(lambda: self.is_live(f"agent{number}"), f"agent{number} to join")
        return process

    def agents(self):
        return {agent["name"]: agent for agent in Api(self.state).get("/api/v1/agents")["agents"]}

    def is_live(self, name):
        return self.agents().get(name, {}).get("state") == "live"

    def job(self):
        return Api(self.state).get("/api/v1/sweeps/1/jobs/0")

    def submit(self, world_size):
        self.sweep = self.write_sweep(SWEEP.replace("WORLD", str(world_size)))
        self.run_to_end([str(BIN / "batchwright"), "submit", str(self.sweep), "--state", str(self.state)])

    def wait_for_steps(self, count):
        wait_until(lambda: rows_written(self.state) >= count, f"{count} steps")

    def agent_at_work(self):
        """Its name and the pid of its process."""
        busy = [name for name, agent in self.agents().items() if any(slot["busy"] for slot in agent["slots"])]
        return busy[0], next(pid for pid in self.marked.pids("batchwright agent")
                             if f"--name {busy[0]}" in self.command_of(pid))

    @staticmethod
    def command_of(pid):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode()

    def finish_sweep(self):
        """The job; its weights are those of an undisturbed run."""
        self.run_to_end([str(BIN / "batchwright"), "wait", "last", "--state", str(self.state)])
        job = self.job()
        self.assertEqual(job["state"], "finished", job["reason"])
        self.assertEqual(job["retries_used"], 0)
        undisturbed = self.run_sweep(self.sweep, self.folder / "undisturbed")
        results = json.loads((sweep_folder(self.state) / "results.json").read_text())
        self.assertEqual(weights(results), weights(undisturbed))
        return job


class Leaving(Workers):
    def test_a_job_goes_on_with_the_other_agent_and_loses_no_step(self):
        workers = {f"agent{number}": self.start_worker(number) for number in range(2)}
        self.submit(world_size=1)
        self.wait_for_steps(20)
        name, _ = self.agent_at_work()
        workers[name].send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(workers[name])[0], 0)
        wait_until(lambda: self.agents()[name]["state"] == "lost", "the coordinator to take note")
        job = self.finish_sweep()
        first, second = job["history"]
        self.assertEqual(first["ranks"][0]["outcome"], "stopped")
        self.assertEqual(first["stop_reason"], f"agent {name} is drained: it leaves: terminated")
        self.assertNotEqual(second["ranks"][0]["agent"], name)
        self.assertGreaterEqual(first["stopped_step"], 20)
        self.assertEqual(second["started_step"], first["stopped_step"])
        self.assertEqual(job["lost_device_seconds"], {})

    def test_mpirun_that_is_terminated_loses_no_step(self):
        """It kills its processes one second after SIGTERM; what they supervise takes the time that it needs."""
        if not shutil.which("mpirun"):
            self.skipTest("mpirun is not installed")
        sweep, state = self.write_sweep(SWEEP.replace("WORLD", "2")), self.folder / "state-of-run"
        argv = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2", *self.command(sweep, state, "--json")]
        mpirun = self.start(argv)
        wait_until(lambda: rows_written(state) >= 20, "20 steps")
        mpirun.send_signal(signal.SIGTERM)
        self.assertNotEqual(self.finish(mpirun)[0], 0)
        wait_until(lambda: not [pid for pid in self.marked.pids() if str(state) in self.command_of(pid)],
                   "agents and coordinator to leave")
        results = json.loads(self.run_to_end(argv)[0])
        self.assertEqual(results["lost_device_seconds"], {})
        self.assertEqual([point["attempts"] for point in results["points"]], [2])
        self.assertEqual(weights(results), weights(self.run_sweep(sweep, self.folder / "undisturbed")))

    def test_a_gang_waits_for_the_agent_to_return(self):
        workers = [self.start_worker(number) for number in range(2)]
        self.submit(world_size=2)
        self.wait_for_steps(20)
        name, pid = self.agent_at_work()
        os.kill(pid, signal.SIGTERM)  # the agent itself: its supervisor must not start it again
        number = int(name[-1])
        self.assertEqual(self.finish(workers[number])[0], 0)
        wait_until(lambda: self.job()["state"] == "queued", "the other agent's rank to end, too")
        self.assertEqual([rank["outcome"] for rank in self.job()["history"][0]["ranks"]], ["stopped", "stopped"])
        self.start_worker(number)
        job = self.finish_sweep()
        self.assertEqual([attempt["started_step"] for attempt in job["history"]], [0, job["history"][0]["stopped_step"]])
        self.assertEqual(job["lost_device_seconds"], {})


class Dying(Workers):
    def test_an_agent_that_is_killed_is_started_again(self):
        worker = self.start_worker(0)
        self.submit(world_size=1)
        self.wait_for_steps(20)
        _, pid = self.agent_at_work()
        self.assertEqual(parent_of(pid), worker.pid)
        os.kill(pid, signal.SIGKILL)
        job = self.finish_sweep()
        self.assertEqual([attempt["ranks"][0]["outcome"] for attempt in job["history"]], ["lost", "finished"])
        self.assertEqual(list(job["lost_device_seconds"]), ["lost"])
        self.assertIsNone(worker.poll())

    def test_an_agent_leaves_when_its_supervisor_is_killed(self):
        worker = self.start_worker(0)
        self.submit(world_size=1)
        self.wait_for_steps(20)
        worker.kill()
        wait_until(lambda: not self.marked.pids("batchwright agent"), "the agent to leave")
        wait_until(lambda: self.job()["state"] == "queued", "the job to be free again")
        self.start_worker(0)
        self.assertEqual(self.finish_sweep()["lost_device_seconds"], {})

    @unittest.skipUnless(shutil.which("mpirun"), "mpirun is not installed")
    def test_mpirun_outlives_its_workers_agents(self):
        endpoint = json.loads((self.state / "endpoint.json").read_text())
        mpirun = self.start(["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2", *self.argv(
            "--coordinator", f"{endpoint['host']}:{endpoint['agent_port']}")])
        wait_until(lambda: sum(agent["state"] == "live" for agent in self.agents().values()) == 2, "both workers")
        self.submit(world_size=2)
        self.wait_for_steps(20)
        os.kill(self.marked.pids("batchwright agent")[0], signal.SIGKILL)
        job = self.finish_sweep()
        self.assertEqual(len(job["history"]), 2)
        self.assertIsNone(mpirun.poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
