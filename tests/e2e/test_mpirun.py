"""`mpirun -np N batchwright run`: the supervisor, one agent per rank, jobs across the agents."""
import json
import shutil
import unittest

from harness import BIN, Case, ROOT

MPIRUN = [
    "mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2",
]


@unittest.skipUnless(shutil.which("mpirun"), "mpirun is not installed")
class Mpirun(Case):
    def test_two_processes_run_the_quick_example_together(self):
        argv = [*MPIRUN, str(BIN / "batchwright"), "run", str(ROOT / "sweeps/examples/quick.yaml"),
                "--state", str(self.folder / "state"), "--json"]
        out, err = self.run_to_end(argv)
        results = json.loads(out)
        self.assertEqual({point["state"] for point in results["points"]}, {"finished"}, err)
        self.assertGreater(max(point["metrics"]["test_accuracy"] for point in results["points"]), 0.80)

    def test_a_bad_file_ends_every_process_with_one_message(self):
        sweep = self.write_sweep("method: grid\nparameters: {model: {value: nosuch}}\n")
        status, out, err = self.finish(self.start([*MPIRUN, str(BIN / "batchwright"), "run", str(sweep), "--json"]))
        self.assertEqual(status, 2)
        self.assertEqual(out, "")
        self.assertEqual(err.count("nosuch"), 1, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
