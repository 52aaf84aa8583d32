"""What the memory benchmarks share: where the programs are, and one of their commands with its JSON."""
import json
import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", pathlib.Path(__file__).resolve().parents[2] / "build/release/bin")).resolve()
MIB = 1 << 20


def batchwright(*words, expect=(0, 3), stderr=subprocess.PIPE):
    """3: some points did not finish."""
    done = subprocess.run([BIN / "batchwright", *map(str, words)], stdout=subprocess.PIPE, stderr=stderr, text=True)
    if done.returncode not in expect:
        raise RuntimeError(done.stderr or f"batchwright {words[0]} ended with status {done.returncode}")
    return json.loads(done.stdout)
