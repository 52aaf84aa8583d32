"""An installation stands on its own: moved elsewhere, with the build tree and the torch wheel hidden, it trains.

Nothing is copied: the libraries are hard links where the file system allows it.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

from harness import BIN, Case

BUILD = BIN.parent
SWEEP = """
method: grid
metric: {name: test_accuracy, goal: maximize}
parameters:
  model: {value: lenet_bn}
  dataset: {value: fashion_mnist}
  learning_rate: {values: [0.01, 0.02]}
  batch_size: {value: 50}
  num_epochs: {value: 1}
  limit_train_samples: {value: 500}
  limit_test_samples: {value: 100}
"""


def run(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


def mounts_are_allowed():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def libraries_of(file):
    """{name: path} of everything that the loader finds for a program; "not found" is an error."""
    lines = run("ldd", str(file))
    assert "not found" not in lines, lines
    return dict(re.findall(r"^\s*(\S+) => (/.*) \(0x", lines, re.MULTILINE))


class Package(Case):
    def setUp(self):
        super().setUp()
        run("cmake", "--install", str(BUILD), "--prefix", str(self.folder / "installed"),
            env={**os.environ, "BATCHWRIGHT_INSTALL_LINKS": "1"})
        self.package = self.folder / "moved elsewhere"
        (self.folder / "installed").rename(self.package)
        self.programs = [self.package / "bin" / name for name in ("batchwright", "batchwright-trainer")]
        trainer = libraries_of(BIN / "batchwright-trainer")
        self.site = pathlib.Path(trainer["libtorch_cpu.so"]).parents[2]

    def hidden(self, argv):
        """The command line that runs another one where neither the build nor the wheels can be seen."""
        if not mounts_are_allowed():
            print("\nmount namespaces are not allowed here: the build tree and the wheels stay visible", flush=True)
            return argv
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        hide = [f"mount --bind {shlex.quote(str(empty))} {shlex.quote(str(path))}" for path in (BUILD, self.site)]
        return ["unshare", "--mount", "sh", "-c", " && ".join([*hide, "exec " + shlex.join(argv)])]

    def trains(self, launcher, state):
        argv = [*launcher, str(self.programs[0]), "run", str(self.write_sweep(SWEEP)), "--device", "cpu:2",
                "--state", str(self.folder / state), "--json"]
        out, err = self.run_to_end(self.hidden(argv))
        self.assertEqual([one["state"] for one in json.loads(out)["points"]], ["finished"] * 2, err)

    def test_it_runs_where_nothing_else_of_ours_is(self):
        self.trains([], "state")

    def test_it_runs_under_mpirun(self):
        if not shutil.which("mpirun"):
            self.skipTest("mpirun is not installed")
        self.trains(["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2"], "state")

    def test_all_libraries_but_the_run_time_of_c_and_cxx_are_its_own(self):
        ours = {}
        for program in self.programs:
            ours.update(libraries_of(program))
        outside = {name for name, path in ours.items() if self.package not in pathlib.Path(path).resolve().parents}
        host = r"lib(c|m|dl|pthread|rt|util|resolv|stdc\+\+|gcc_s)\.so\.\d+$"
        self.assertEqual([name for name in outside if not re.match(host, name)], [])
        for name in ("libtorch_cpu.so", "libprotobuf.so.32", "libsqlite3.so.0"):
            self.assertIn(name, ours)

    def test_its_run_paths_lead_from_file_to_file(self):
        for file in [*self.programs, *(self.package / "lib").glob("libbatchwright_*.so")]:
            dynamic = run("readelf", "-d", str(file))
            for path in ":".join(re.findall(r"R(?:UN)?PATH\).*\[(.*)\]", dynamic)).split(":"):
                if "openmpi" not in path:  # the host's, where the loader would not look
                    self.assertRegex(path, r"^(\$ORIGIN.*)?$", file.name)

    def test_what_is_needed_to_operate_it_is_there(self):
        share = self.package / "share/batchwright"
        for name in ("examples/quick.yaml", "deploy/prometheus/prometheus.yml", "docs/deployment.md", "LICENSE"):
            self.assertTrue((share / name).is_file(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
