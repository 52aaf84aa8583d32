#!/usr/bin/env python3
"""Predicted against measured peak memory, the prediction put to the test, and the micro-batch that is chosen.

  python3 bench/memory/table.py predict [--models a,b] [--side 64] [--batches 3,12,24] [--threads 1]
  python3 bench/memory/table.py falsify [...]     ten steps under predicted + 0.5 %, one under predicted - 1 %
  python3 bench/memory/table.py choose [--limits 0.5,1,2] [...]   against the true maximum, and the published rules

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin). Every row is a process of its own: the
trainer's --profile, which calibrates as a job does (micro-batches of 4 and 8) and then runs a step of two micro-batches
of m samples and the optimizer's update. "predicted" is known before that step. Markdown on stdout.

Naive methods, on the same network: `line` is the straight line through the peaks at 4 and 8; `act` is DeepSpeed's
autotuner (deepspeed/autotuning/autotuner.py: static bytes and the activations of one sample times m); `4P` is
accelerate's estimate-memory (four times the parameters for Adam, three for SGD with momentum; no activations).
Published rules for m, simulated on the same measured planes: Composer halves from the whole share until it fits
(composer/trainer/trainer.py), Accelerate takes 0.9 of the last until it fits (find_executable_batch_size), Lightning
searches the largest by halving intervals and takes 5 % off (BatchSizeFinder, binsearch), DeepSpeed divides what the
static bytes leave by the activations of one sample. Each out-of-memory error on the way is counted.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("BATCHWRIGHT_BIN", HERE.parents[1] / "build/release/bin")).resolve()
MODELS = ("resnet18 resnet50 vgg11_bn densenet121 mobilenetv2 shufflenet_v2_x1_0 squeezenet1_0 googlenet "
          "efficientnet_b0 seresnet18 resnext29_2x64d alexnet_tv").split()
OPTIMIZERS = {"SGD+momentum": {"optimizer": "sgd", "momentum": 0.9},
              "AdamW": {"optimizer": "adamw", "weight_decay": 1e-4}}
MIB = 1 << 20
MARGIN = 0.005  # what the planner leaves free


def ask(model, options, optimizer, samples, **more):
    request = {"model": model, "classes": 10, "channels": 3, "height": options.side, "width": options.side,
               "bn": "ghost", "group": options.group, "threads": options.threads, "samples": samples,
               "learning_rate": 0.0, **OPTIMIZERS[optimizer], **more}
    command = [BIN / "batchwright-trainer", "--profile", json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{model}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def peak(planes, m, group, has_groups):
    groups = math.ceil(m / group) if has_groups else 0
    return max(fixed + per_sample * m + per_group * groups for fixed, per_sample, per_group in planes)


class Seen:
    """What one answer says of a network."""

    def __init__(self, answer, options):
        self.planes, self.options = answer["planes"], options
        self.has_groups = answer["groups"] > 0
        self.parameters = answer["bytes"]["parameters"]
        self.static = sum(answer["bytes"][k] for k in ("parameters", "gradients", "optimizer", "buffers", "other"))

    def peak(self, m):
        return peak(self.planes, m, self.options.group, self.has_groups)

    def naive(self, m, optimizer):
        line = self.peak(4) + (self.peak(8) - self.peak(4)) / 4 * (m - 4)
        activations = self.static + (self.peak(1) - self.static) * m
        return line, activations, self.parameters * (3 if optimizer.startswith("SGD") else 4)


def percent(value, truth):
    return f"{100 * (value - truth) / truth:+.3f}"


def rows_of(options):
    for model in options.models:
        for optimizer in OPTIMIZERS:
            for m in options.batches:
                yield model, optimizer, m


def predict(options):
    print("| model | optimizer | m | measured MiB | predicted MiB | error % | line % | act % | 4P % | exact |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    errors = []
    for model, optimizer, m in rows_of(options):
        answer = ask(model, options, optimizer, m)
        measured, predicted = answer["peak_bytes"], answer["predicted_peak_bytes"]
        naive = " | ".join(percent(value, measured) for value in Seen(answer, options).naive(m, optimizer))
        errors.append(100 * (predicted - measured) / measured)
        print(f"| {model} | {optimizer} | {m} | {measured / MIB:.2f} | {predicted / MIB:.2f} | "
              f"{percent(predicted, measured)} | {naive} | {'yes' if answer['exact'] else 'no'} |", flush=True)
    sizes = sorted(map(abs, errors))
    print(f"\n{len(errors)} rows: median error {statistics.median(sizes):.4f} %, largest {sizes[-1]:.4f} %, "
          f"furthest under {min(errors):+.4f} %; {sum(e == 0 for e in errors)} to the byte")


def falsify(options):
    print("| model | optimizer | m | predicted bytes | ten steps at +0.5 % | at -1 % |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for model, optimizer, m in rows_of(options):
        predicted = ask(model, options, optimizer, m)["predicted_peak_bytes"]
        above = ask(model, options, optimizer, m, limit_bytes=int(predicted * 1.005), steps=10)
        below = ask(model, options, optimizer, m, limit_bytes=int(predicted * 0.99))
        runs, fails = "out_of_memory" not in above, "out_of_memory" in below
        wrong += not (runs and fails)
        print(f"| {model} | {optimizer} | {m} | {predicted} | {'ran' if runs else 'OUT OF MEMORY'} | "
              f"{'out of memory' if fails else 'RAN'} |", flush=True)
    print(f"\n{wrong} rows refute the prediction")


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


def largest(fits, share):
    low, high = 0, share + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def true_largest(model, options, optimizer, limit, near, share):
    """By real steps under the limit: the largest m that runs; m + 1 is out of memory."""
    def runs(m):
        return "out_of_memory" not in ask(model, options, optimizer, m, limit_bytes=limit)
    m = max(1, near)
    if not runs(m):
        while m > 0 and not runs(m):
            m -= 1
        return m
    while m < share and runs(m + 1):
        m += 1
    return m


def choose(options):
    print("| model | optimizer | limit GiB | chosen m x a | true largest | chosen / balanced largest | used % | OOMs | "
          "probe steps | Composer | Accelerate | Lightning | DeepSpeed |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    share = options.batch
    for model in options.models:
        for optimizer in OPTIMIZERS:
            seen = Seen(ask(model, options, optimizer, 16), options)
            for limit_gib in options.limits:
                limit = int(limit_gib * (1 << 30))
                m_max = largest(lambda m: seen.peak(m) <= limit * (1 - MARGIN), share)
                if m_max == 0:
                    print(f"| {model} | {optimizer} | {limit_gib} | refused: one sample needs "
                          f"{seen.peak(1) / MIB:.0f} MiB | | | | | | | | | |", flush=True)
                    continue
                a = math.ceil(share / m_max)
                m = math.ceil(share / a)  # the fewest micro-batches, balanced
                truth = true_largest(model, options, optimizer, limit, m_max, share)
                balanced = math.ceil(share / math.ceil(share / truth))
                rules = simulate(lambda x: seen.peak(x) <= limit, share, seen.static, seen.peak(1) - seen.static, limit)
                others = " | ".join(f"{rules[r][0]} ({rules[r][1]})"
                                    for r in ("Composer", "Accelerate", "Lightning", "DeepSpeed"))
                print(f"| {model} | {optimizer} | {limit_gib} | {m} x {a} | {truth} | {m / balanced:.2f} | "
                      f"{100 * seen.peak(m) / limit:.1f} | 0 | 2 | {others} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["predict", "falsify", "choose"])
    parser.add_argument("--models", type=lambda text: text.split(","), default=MODELS)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--group", type=int, default=8, help="samples of a BatchNorm group")
    parser.add_argument("--batches", type=lambda text: [int(m) for m in text.split(",")], default=[3, 12, 24])
    parser.add_argument("--batch", type=int, default=256, help="choose: the share of a rank")
    parser.add_argument("--limits", type=lambda text: [float(g) for g in text.split(",")], default=[0.5, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    {"predict": predict, "falsify": falsify, "choose": choose}[options.what](options)


if __name__ == "__main__":
    main()
