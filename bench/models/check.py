#!/usr/bin/env python3
"""Every network trained for real: one command, which goes on where it was.

  python3 bench/models/check.py [--only NAME,NAME] [--state DIR] [--largest MILLION] [--golden FILE]... [--write]

For each network of `batchwright models`, smallest first, `batchwright run` trains it on two ranks at a small resolution
with 64 samples of Fashion-MNIST, without dropout or augmentation, two micro-batches of 8 on each rank, until the loss of
a step is below 10 % of the first (at most 200 steps); then a short run of it is killed (SIGKILL to every process) after
a checkpoint and continued, and the weights are compared with those of the run that was left alone.

  counts    parameters, MACs, FLOPs and BatchNorm layers equal tests/data/models/counts.json in every row there
  golden    every entry of the golden files that means this network passed `model_golden`
  DDP       two ranks overfitted; their weights were the same at the end
  resumes   killed and continued: the same weights, bit for bit
  planned   the planner's verdict with the profile that the run left, and predicted against measured bytes
  plot      the accuracy curve was drawn

Rows lie in DIR/rows.json (default: batchwright-check); those there already are not run again. --write puts the table into
docs/models.md. BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin). Exit status 1: something failed.
"""
import argparse
import csv
import gzip
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", ROOT / "build/release/bin")).resolve()
sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import Marked, rows_written, sweep_folder, wait_until  # noqa: E402

SAMPLES = 64
SIDE = 32  # where a network takes it, and a multiple of every patch
# At 32 pixels the last maps of these are one pixel: a group of 8 samples is then all that BatchNorm has.
SIDES = {"mobilenetv2_w0.35": 64, "mobilenetv1_0.25": 64, "alexnet": 64, "alexnet_grouped": 64, "alexnet_tv": 64, "nin": 96, "inceptionv3": 80, "inceptionv3_aux": 299,
         "lenet_bn": 28, "lenet_bn_bias": 28, "vit_h_14": 28, "efficientnetv2": 32}
# Without normalisation the rate must be small for the first steps to be of use; the rest takes Adam's usual one.
RATES = {"lenet": 1e-2, "vgg": 1e-4, "alexnet": 3e-4, "googlenet": 3e-4, "nin": 3e-4, "squeezenet": 3e-4, "vit": 3e-4, "resmlp": 5e-4,
         "gmlp": 1e-3, "darknet": 5e-4}
FACTORS = (1, 5, 0.2)  # of the rate, tried until one suffices
TARGET = 0.10


def images(path, count, repeat):
    """The first `count` records of an IDX file, again and again: an epoch of more steps than a run has."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        head = file.read(4)
        sizes = struct.unpack(">" + "I" * head[3], file.read(4 * head[3]))
        record = 1
        for size in sizes[1:]:
            record *= size
        data = file.read(count * record)
    return head + struct.pack(">" + "I" * head[3], count * repeat, *sizes[1:]) + data * repeat


def make_data(folder):
    own = folder / "fashion-mnist"
    if own.exists():
        return folder
    source = None
    for place in os.environ.get("BATCHWRIGHT_DATA", "data:/usr/share/datasets").split(":"):
        for name in ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"):
            if (pathlib.Path(place) / name).is_dir():
                source = source or pathlib.Path(place) / name
    if source is None:
        sys.exit("Fashion-MNIST is not there: docs/data.md says where it is looked for")
    own.mkdir(parents=True)
    for split, repeat in (("train", 100), ("t10k", 1)):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            found = next(p for p in source.iterdir() if p.name in (f"train-{kind}", f"train-{kind}.gz"))
            (own / f"{split}-{kind}").write_bytes(images(found, SAMPLES, repeat))
    return folder


def rate_of(model):
    return next((rate for family, rate in RATES.items() if model.startswith(family)), 1e-3)


def sweep(model, rate, target, steps, every):
    parameters = {"model": model, "dataset": "fashion_mnist", "image_resolution": SIDES.get(model, SIDE),
                  "batch_size": 32, "num_epochs": 1, "max_steps": steps, "target_loss": target, "optimizer": "adam",
                  "learning_rate": rate, "dropout": False, "seed": 1}
    return {"name": f"check-{model}", "method": "grid", "metric": {"name": "train_loss", "goal": "minimize"},
            "parameters": {name: {"value": value} for name, value in parameters.items()},
            "batchwright": {"world_size": 2, "micro_batch": 8, "bn": "ghost(8)", "checkpoint_steps": every, "retries": 0}}


class Check:
    def __init__(self, model, folder, options):
        self.model, self.options, self.folder = model, options, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.marked = Marked()

    def run(self, name, state, **kwargs):
        """To the end; results.json, or the reason as text."""
        process = self.start(name, state)
        out, err = process.communicate(timeout=self.options.seconds)
        if process.returncode != 0:
            return err.strip().splitlines()[-1] if err.strip() else f"exit {process.returncode}"
        point = json.loads(out)["points"][0]
        return point if point["state"] == "finished" else point["reason"]

    def start(self, name, state):
        command = [str(BIN / "batchwright"), "run", str(self.folder / name), "--json", "--state", str(self.folder / state),
                   "--device", self.options.device, "--data", str(self.options.data)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=self.marked.environment(), cwd=self.folder, start_new_session=True)

    def write(self, name, *arguments):
        (self.folder / name).write_text(json.dumps(sweep(self.model, *arguments)))

    def losses(self, state):
        with open(sweep_folder(self.folder / state) / "curves.csv", newline="") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    def ranks_agree(self, state):
        logs = (self.folder / state).glob("sweeps/*/jobs/*/*/*.log")
        return any("the weights of all 2 ranks are the same" in log.read_text(errors="replace") for log in logs)

    def overfit(self, row):
        """A run to the target, which is known once the first loss is: probe with one step."""
        self.write("first.json", rate_of(self.model), 0, 1, 0)
        first = self.run("first.json", "first")
        if isinstance(first, str):
            return first
        start = self.losses("first")[0]
        for factor in FACTORS:
            row["rate"] = rate_of(self.model) * factor
            self.write("overfit.json", row["rate"], TARGET * start, 200, 0)
            shutil.rmtree(self.folder / "overfit", ignore_errors=True)
            result = self.run("overfit.json", "overfit")
            if isinstance(result, str):
                return result
            losses = self.losses("overfit")
            if losses[-1] <= TARGET * start:
                break
        row.update(start=start, end=losses[-1], steps=len(losses), accumulation=result["accumulation"],
                   seconds=round(SAMPLES / 2 / result["metrics"]["samples_per_second"], 3),
                   predicted=result["predicted_peak_bytes"], measured=result["measured_peak_bytes"])
        row["overfits"] = losses[0] == start and losses[-1] <= TARGET * start and result["accumulation"] == 2
        row["ranks_agree"] = self.ranks_agree("overfit")
        row["plot"] = any((sweep_folder(self.folder / "overfit") / "plot").glob("*acc.png"))
        return None

    def plan(self, row):
        done = subprocess.run([str(BIN / "batchwright"), "plan", str(self.folder / "overfit.json"), "--json", "--state",
                               str(self.folder / "overfit"), "--device", self.options.device],
                              capture_output=True, text=True)
        if done.returncode == 0:
            answer = json.loads(done.stdout)[0]
            row["verdict"] = answer["verdict"]
            row["planned_peak"] = answer["predicted_peak_bytes"]

    def resume(self, row):
        steps = max(8, min(100, int(2 / max(row["seconds"], 0.001))))
        every = max(2, steps // 4)
        self.write("short.json", row["rate"], 0, steps, every)
        alone = self.run("short.json", "alone")
        if isinstance(alone, str):
            return alone
        process = self.start("short.json", "killed")
        state = self.folder / "killed"

        def has_gone_on():
            checkpoints = list(state.glob("sweeps/*/jobs/*/*/step-*.safetensors"))
            return process.poll() is not None or (checkpoints and rows_written(state) > every)
        wait_until(has_gone_on, "a checkpoint and a step more", watchdog=self.options.seconds)
        self.marked.kill_all()
        process.communicate()
        written = rows_written(state)
        again = self.run("short.json", "killed")
        if isinstance(again, str):
            return again
        row["killed_at"], row["of"], row["attempts"] = written, steps, again["attempts"]
        row["resumes"] = (written < steps and again["attempts"] >= 2
                          and again["weights_sha256"] == alone["weights_sha256"]
                          and self.losses("killed") == self.losses("alone"))
        return None

    def row(self):
        row = {}
        try:
            problem = self.overfit(row)
            if problem is None:
                self.plan(row)
                problem = self.resume(row)
        except (subprocess.TimeoutExpired, AssertionError, OSError, KeyError) as error:
            problem = f"{type(error).__name__}: {error}"
        finally:
            self.marked.kill_all()
        if problem is not None:
            row["problem"] = problem
        return row


def listed():
    done = subprocess.run([str(BIN / "batchwright"), "models", "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def counts_hold():
    """For each network: how many rows of the reference it has, and whether all hold."""
    rows = json.loads((ROOT / "tests/data/models/counts.json").read_text())
    asked = {}
    for row in rows:
        asked.setdefault((row["classes"], tuple(row["input"])), []).append(row)
    found = {}
    for (classes, shape), group in asked.items():
        command = [str(BIN / "batchwright"), "models", "--json", "--classes", str(classes), "--input", "x".join(map(str, shape))]
        ours = {}
        for model in json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout):
            for name in [model["name"], *model["aliases"]]:
                ours[name] = model
        for row in group:
            model = ours.get(row["name"])
            same = model is not None and all(
                model[key] == row[key] for key in ("parameters", "macs", "flops_seed", "batch_norm_layers")
                if key in row and model["input"] == row["input"])
            held, count = found.get(model["name"] if model else row["name"], (True, 0))
            found[model["name"] if model else row["name"]] = (held and same, count + 1)
    return found


def goldens_hold(files):
    """For each network: the number of entries and the worst error, or None when one missed."""
    found = {}
    for file in files:
        done = subprocess.run([str(BIN / "model_golden"), str(file)], capture_output=True, text=True)
        network = None
        for line in done.stdout.splitlines():
            words = line.split()
            if len(words) < 4 or words[0] not in ("ok", "MISS"):
                continue
            if words[2] == "counts":
                network = words[4] if len(words) > 4 and words[0] == "ok" else words[1]
                entries, worst = found.get(network, (0, 0.0))
                found[network] = (entries + 1, worst)
            if network is not None:
                entries, worst = found[network]
                found[network] = (entries, None if worst is None or words[0] == "MISS" else max(worst, float(words[3])))
    return found


def mark(value):
    return "yes" if value else "**no**"


def markdown(models, rows, counts, goldens):
    lines = ["| network | parameters | counts exact | golden (entries, worst error) | overfits: loss, steps | ranks agree | "
             "resumes exactly | planned: predicted / measured MiB | plot |", "|---|---|---|---|---|---|---|---|---|"]
    for model in sorted(models, key=lambda m: m["name"]):
        name = model["name"]
        row = rows.get(name, {})
        held, checked = counts.get(name, (False, 0))
        count_cell = f"{mark(held)} ({checked})" if checked else "no reference"
        entries, worst = goldens.get(name, (0, 0.0))
        golden_cell = "-" if entries == 0 else f"{entries}, " + ("**missed**" if worst is None else f"{worst:.0e}")
        cells = [name, f"{model['parameters']:,}", count_cell, golden_cell]
        if "overfits" in row:
            cells += [f"{mark(row['overfits'])}: {row['start']:.2f} → {row['end']:.3f}, {row['steps']}",
                      mark(row["ranks_agree"]), mark(row.get("resumes"))]
            cells.append(f"{row.get('verdict', '-')}: {row['predicted'] / 2 ** 20:.2f} / {row['measured'] / 2 ** 20:.2f}"
                         if row.get("predicted") and row.get("measured") else "-")
            cells.append(mark(row["plot"]))
        else:
            cells += [row.get("problem", "not run")] + [""] * 4
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put_table(table, path):
    begin, end = "<!-- check.py begins -->", "<!-- check.py ends -->"
    text = path.read_text()
    if begin not in text:
        sys.exit(f"{path} has no place for the table: {begin}")
    before, rest = text.split(begin, 1)
    path.write_text(before + begin + "\n" + table + "\n" + end + rest.split(end, 1)[1])


def is_done(row):
    return row is not None and "problem" not in row and all(row.get(key) for key in ("overfits", "ranks_agree", "resumes", "plot"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--state", default="batchwright-check", type=pathlib.Path)
    parser.add_argument("--device", default="cpu:2x6GiB")
    parser.add_argument("--largest", default=70.0, type=float, help="million parameters; larger networks are not run")
    parser.add_argument("--seconds", default=900, type=float, help="ends a run that hangs")
    parser.add_argument("--golden", action="append", default=[], type=pathlib.Path)
    parser.add_argument("--again", action="store_true", help="run also what failed before")
    parser.add_argument("--table", action="store_true", help="print the table of what is known, run nothing")
    parser.add_argument("--write", action="store_true", help="put the table into docs/models.md")
    options = parser.parse_args()
    options.state = options.state.resolve()
    options.state.mkdir(parents=True, exist_ok=True)
    options.data = make_data(options.state / "data")
    stored = options.state / "rows.json"
    rows = json.loads(stored.read_text()) if stored.exists() else {}
    models = listed()
    only = set(filter(None, options.only.split(",")))
    failed = False
    for model in sorted(models, key=lambda m: m["parameters"]):
        name = model["name"]
        if options.table or (only and name not in only):
            continue
        if name in rows and (is_done(rows[name]) or not (options.again or only)):
            continue
        if not only and model["parameters"] > options.largest * 1e6:
            continue
        began = time.monotonic()
        rows[name] = Check(name, options.state / name, options).row()
        if is_done(rows[name]):
            shutil.rmtree(options.state / name)
        failed |= not is_done(rows[name])
        stored.write_text(json.dumps(rows, indent=1))
        print(f"{name}: {'ok' if is_done(rows[name]) else 'FAILED'} in {time.monotonic() - began:.0f} s {json.dumps(rows[name])}",
              flush=True)
    if options.table or options.write:
        goldens = goldens_hold([ROOT / "tests/data/models/golden_small.json", *options.golden])
        table = markdown(models, rows, counts_hold(), goldens)
        print(table)
        if options.write:
            put_table(table, ROOT / "docs/models.md")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
