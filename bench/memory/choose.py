#!/usr/bin/env python3
"""The micro-batch that a job gets under a limit, beside the largest that there is, and beside what published rules get.

  python3 bench/memory/choose.py [--limits 0.5,1] [--models a,b] [--batch 256] [--side 64] [--steps 2] [--keep DIR]

For every limit one sweep (models x optimizers, one rank, Fashion-MNIST enlarged to --side pixels) is run as anybody would
run it; m, a, the peaks, out-of-memory errors and probe steps are those of its results.json. The true largest micro-batch
is found by brute force: real steps under the same limit (the trainer's --profile), until m runs and m + 1 is out of memory.
"chosen / balanced" divides m by the balanced size of as few micro-batches as the true largest allows: 256 samples where
100 fit are 86, 85, 85, and more than 86 would be no better.

Published rules for m, simulated on the memory model of the same job (the profile that it left, exact to the byte where
it was checked); in brackets the out-of-memory errors on the way:
  Composer    halves from the whole share until it fits (mosaicml/composer, composer/trainer/trainer.py,
              _adjust_device_train_microbatch_size)
  Accelerate  takes 0.9 of the last until it fits (huggingface/accelerate, src/accelerate/utils/memory.py,
              find_executable_batch_size); the size becomes the batch: B is no longer what was asked for
  Lightning   doubles until it fails, halves the interval, takes 5 % off (Lightning-AI/pytorch-lightning,
              src/lightning/pytorch/tuner/batch_size_scaling.py, mode "binsearch"); likewise
  DeepSpeed   what the static bytes leave, divided by the activations of one sample (microsoft/DeepSpeed,
              deepspeed/autotuning/autotuner.py)
--keep DIR keeps states and answers: the command goes on where it was.
"""
import argparse
import math
import os
import pathlib
import tempfile

import table
from jobs import MIB, batchwright

KNOWN_BORDER = 16  # plan/memory_model.cc
SWEEP = """
name: choose
method: grid
parameters:
  model: {values: [%(models)s]}
  optimizer: {values: [sgd, adamw]}
  momentum: {value: 0.9}
  weight_decay: {value: 0.0001}
  dataset: {value: fashion_mnist}
  image_resolution: {value: %(side)d}
  learning_rate: {value: 0.001}
  batch_size: {value: %(batch)d}
  num_epochs: {value: 1}
  max_steps: {value: %(steps)d}
  eval_interval: {value: 0}
  limit_train_samples: {value: %(samples)d}
  limit_test_samples: {value: 100}
batchwright: {world_size: 1, bn: ghost(%(group)d)}
"""
RULES = ("Composer", "Accelerate", "Lightning", "DeepSpeed")


def run_sweep(options, limit, folder):
    folder.mkdir(parents=True, exist_ok=True)
    sweep = folder / "sweep.yaml"
    sweep.write_text(SWEEP % {**vars(options), "models": ", ".join(options.models), "samples": 4 * options.batch})
    return batchwright("run", sweep, "--device", f"cpu:{options.slots}x{limit}GiB", "--json", "--state",
                       folder / "state")["points"]


class Model:
    """What a profile file says of the peak (plan/memory_model.cc)."""

    def __init__(self, text):
        self.regimes = []
        for line in text.splitlines():
            name, *fields = line.split()
            if name == "regime":
                self.regimes.append((int(fields[0]), int(fields[1]), []))
            if name == "plane":
                self.regimes[-1][2].append(tuple(map(float, fields)))
            if name == "static":
                self.static = int(fields[0])

    def peak(self, samples, groups):
        below = [r for r in self.regimes if r[0] <= samples] or self.regimes[:1]
        above = [r for r in self.regimes if r[1] >= samples] or self.regimes[-1:]
        chosen = [below[-1], above[0]]
        if chosen[0][1] < KNOWN_BORDER <= chosen[1][0]:
            chosen = [chosen[0 if samples < KNOWN_BORDER else 1]]
        return max(fixed + per_sample * samples + per_group * groups
                   for _, _, planes in chosen for fixed, per_sample, per_group in planes)


def request_of(options, point, samples, **more):
    params = point["params"]
    return {"model": params["model"], "classes": 10, "channels": 1, "height": options.side, "width": options.side,
            "bn": "ghost", "group": options.group, "threads": options.threads, "samples": samples, "learning_rate": 0.0,
            "optimizer": params["optimizer"], "momentum": 0.9, "weight_decay": 1e-4, **more}


def true_largest(options, answers, point, limit, unit, near):
    """By real steps: the largest multiple of `unit` that runs under the limit."""
    def runs(m):
        answer = answers.ask(request_of(options, point, m, limit_bytes=limit))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return "out_of_memory" not in answer
    # What the job got runs; one unit more than the share does not exist.
    low, high = near // unit, options.batch // unit + 1
    while low > 0 and not runs(low * unit):
        low -= 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if runs(middle * unit) else (low, middle)
    return low * unit


def simulate(fits, share, static, activations, limit):
    """For each published rule: (m, out-of-memory errors)."""
    found = {}
    m, ooms = share, 0
    while m > 1 and not fits(m):
        m, ooms = max(m // 2, 1), ooms + 1
    found["Composer"] = (m, ooms)
    m, ooms = share, 0
    while m > 1 and not fits(m):
        m, ooms = int(0.9 * m), ooms + 1
    found["Accelerate"] = (m, ooms)
    m, low, high, ooms = 2, 0, 0, 0
    while high == 0 and low < share:  # Lightning: doubles until it fails, then halves the interval
        if fits(m):
            low, m = m, min(2 * m, share)
        else:
            high, ooms = m, ooms + 1
    while high - low > 1:
        m = (low + high) // 2
        if fits(m):
            low = m
        else:
            high, ooms = m, ooms + 1
    found["Lightning"] = (max(1, int(low * 0.95) if high else share), ooms)
    m = max(1, min(share, int((limit - static) // activations)))
    found["DeepSpeed"] = (m, 0 if fits(m) else 1)
    return found


def row_of(options, answers, point, limit_gib, state):
    limit = int(limit_gib * (1 << 30))
    params = point["params"]
    head = f"| {params['model']} | {params['optimizer']} | {limit_gib} |"
    if point["state"] != "finished":
        return f"{head} {point['state']}: {point['reason']} |" + " |" * 11
    probe = answers.ask({**request_of(options, point, 8), "profiles_dir": str(state / "checked")})
    files = sorted((state / "profiles").glob("*.profile"))
    model = next((m for path in files if path.stem == probe["key"] for m in [Model(path.read_text())]), None)
    has_groups = table.catalogue()[params["model"]]["batch_norm_layers"] > 0
    unit = options.group if has_groups else 1
    groups_of = lambda m: math.ceil(m / options.group) if has_groups else 0
    truth = true_largest(options, answers, point, limit, unit, point["micro_batch"])
    units = math.ceil(options.batch / unit)
    balanced = math.ceil(units / math.ceil(units / (truth // unit))) * unit
    fits = lambda m: model.peak(m, groups_of(m)) <= limit
    static = model.static
    rules = simulate(fits, options.batch, static, model.peak(1, groups_of(1)) - static, limit)
    others = " | ".join(f"{rules[rule][0]} ({rules[rule][1]})" for rule in RULES)
    m = point["micro_batch"]
    options.ratios.append(m / balanced)
    options.used.append((point["measured_peak_bytes"] / limit, point["accumulation"]))
    options.ooms += point["oom_count"]
    return (f"{head} {m} x {point['accumulation']} | {truth} | {m / balanced:.2f} | "
            f"{100 * point['measured_peak_bytes'] / limit:.1f} | {point['predicted_peak_bytes'] / MIB:.1f} | "
            f"{point['measured_peak_bytes'] / MIB:.1f} | {point['oom_count']} | {point['probe_steps']} | {others} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=lambda text: text.split(","),
                        default="resnet18 shufflenet_v2_x1_0 squeezenet1_0 mobilenetv2 googlenet densenet121 vgg11_bn".split())
    parser.add_argument("--limits", type=lambda text: [float(g) for g in text.split(",")], default=[0.5, 1])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    options.threads = max(1, len(os.sched_getaffinity(0)) // options.slots)
    options.ratios, options.used, options.ooms = [], [], 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        answers = table.Answers(folder / "answers.jsonl")
        print("| model | optimizer | limit GiB | chosen m x a | true largest m | chosen / balanced | used % | predicted MiB | "
              "measured MiB | OOMs | probe steps | " + " | ".join(RULES) + " |")
        print("|---" * 15 + "|")
        for limit in options.limits:
            place = folder / f"{limit}GiB"
            for point in run_sweep(options, limit, place):
                print(row_of(options, answers, point, limit, place / "state"), flush=True)
    forced = [used for used, accumulation in options.used if accumulation > 1]
    used = f"; where a > 1, {100 * min(forced):.1f} to {100 * max(forced):.1f} % of the limit used" if forced else ""
    print(f"\n{len(options.ratios)} jobs finished, {options.ooms} out of memory; chosen / balanced at least "
          f"{min(options.ratios):.2f}{used}")


if __name__ == "__main__":
    main()
