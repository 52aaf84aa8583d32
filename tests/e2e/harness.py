"""Runs the real programs for the end-to-end tests: real processes, real SQLite, real sockets, nothing mocked.

Standard library only. BATCHWRIGHT_BIN names the folder of the programs (CTest sets it).
"""
import csv
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", "build/release/bin")).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
WATCHDOG_SECONDS = 240  # ends a hung test; never a way to wait for something
MARK = "BATCHWRIGHT_TEST_MARK"


def wait_until(condition, what, watchdog=WATCHDOG_SECONDS):
    """Polls a condition of the outside world (a file, a process) that cannot be waited on."""
    deadline = time.monotonic() + watchdog
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {watchdog} s for: {what}")
        time.sleep(0.005)


class Marked:
    """Processes that a test started, directly or not, found by a variable in their environment."""

    def __init__(self):
        self.value = uuid.uuid4().hex

    def environment(self, **extra):
        return {**os.environ, MARK: self.value, **extra}

    def pids(self, program=""):
        needle = f"{MARK}={self.value}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if needle not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except (OSError, IndexError):
                continue
            if state != "Z" and program in command:
                found.append(int(entry.name))
        return found

    def kill_all(self):
        """SIGKILL to everything, again until nothing is left: a supervisor may be starting a child just now."""
        def gone():
            left = self.pids()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not left
        wait_until(gone, "all processes of the test to be gone", watchdog=30)


class Case(unittest.TestCase):
    """A test with a folder and a mark of its own; leaves no process behind."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="batchwright-e2e-")
        self.folder = pathlib.Path(self._folder.name)
        self.marked = Marked()

    def tearDown(self):
        self.marked.kill_all()
        self._folder.cleanup()

    def write_sweep(self, text, name="sweep.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def command(self, sweep, state, *options, device="cpu:2"):
        return [str(BIN / "batchwright"), "run", str(sweep), "--device", device, "--state", str(state), *options]

    def start(self, argv, *, variables=None, **popen):
        stderr = open(self.folder / f"stderr-{uuid.uuid4().hex[:8]}.txt", "w+")
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
            env=self.marked.environment(**(variables or {})), cwd=self.folder, **popen)
        process.stderr_file = stderr
        return process

    def finish(self, process, watchdog=WATCHDOG_SECONDS):
        """Waits for the end; returns (status, stdout, stderr)."""
        out, _ = process.communicate(timeout=watchdog)
        process.stderr_file.seek(0)
        err = process.stderr_file.read()
        process.stderr_file.close()
        return process.returncode, out, err

    def run_to_end(self, argv, expect=0, watchdog=WATCHDOG_SECONDS):
        status, out, err = self.finish(self.start(argv), watchdog)
        self.assertEqual(status, expect, f"{' '.join(argv)}\n{err}")
        return out, err

    def run_sweep(self, sweep, state, *options, device="cpu:2", expect=0):
        out, _ = self.run_to_end(self.command(sweep, state, "--json", *options, device=device), expect)
        return json.loads(out)


class Api:
    """The HTTP API of the coordinator that holds a state directory now; OSError while there is none, LookupError for
    what it does not know."""

    def __init__(self, state):
        self.endpoint = json.loads((pathlib.Path(state) / "endpoint.json").read_text())

    def get(self, path):
        connection = http.client.HTTPConnection(self.endpoint["host"], self.endpoint["http_port"], timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": "Bearer " + self.endpoint["token"]})
            reply = connection.getresponse()
            body = reply.read()
        except http.client.HTTPException as error:  # it died meanwhile
            raise OSError(str(error)) from error
        finally:
            connection.close()
        if reply.status == 404:
            raise LookupError(f"GET {path}: there is none")
        assert reply.status == 200, f"GET {path}: {reply.status} {body[:300]}"
        return json.loads(body)


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def sweep_folder(state):
    """The folder of the newest sweep."""
    folders = sorted((pathlib.Path(state) / "sweeps").glob("*"), key=lambda p: int(p.name.rsplit("-", 1)[1]))
    return folders[-1]


def rows_written(state):
    """Steps that all attempts have written so far: a clock that ticks with the work."""
    total = 0
    for path in pathlib.Path(state).glob("sweeps/*/jobs/*/*/curve.csv"):
        try:
            total += max(0, path.read_bytes().count(b"\n") - 1)
        except OSError:
            pass  # removed or renamed just now
    return total


def read_curves(state):
    with open(sweep_folder(state) / "curves.csv", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def weights(results):
    return {point["ordinal"]: point["weights_sha256"] for point in results["points"]}
