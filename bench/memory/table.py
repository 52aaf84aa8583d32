#!/usr/bin/env python3
"""Predicted against measured peak memory, and the prediction put to the test.

  python3 bench/memory/table.py predict [--models a,b|all] [--side 64] [--batches 3,12,24] [--threads 1,2]
  python3 bench/memory/table.py falsify [...]     ten steps under predicted + 0.5 %, one under predicted - 1 %

BATCHWRIGHT_BIN is the folder of the programs (default build/release/bin). Every row is a process of its own: the
trainer's --profile, which calibrates as a job does (micro-batches of 4 and 8) and then runs a step of two micro-batches
of m samples and the optimizer's update. "predicted" is known before that step. Markdown on stdout. With --keep FILE every answer of
the trainer is kept there, and what is there is not asked again: a table of hours can be stopped and gone on with.
A network that cannot take --side gets the smallest of 96 pixels and its own size that it can.

Naive methods, on the same network: `line` is the straight line through the peaks at 4 and 8; `act` is DeepSpeed's
autotuner (deepspeed/autotuning/autotuner.py: static bytes and the activations of one sample times m); `4P` is
accelerate's estimate-memory (four times the parameters for Adam, three for SGD with momentum; no activations).
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess

from jobs import BIN, MIB

MODELS = ("resnet18 resnet50 vgg11_bn densenet121 mobilenetv2 shufflenet_v2_x1_0 squeezenet1_0 googlenet "
          "efficientnet_b0 seresnet18 resnext29_2x64d alexnet_tv").split()
# One or two sizes of every family; the largest are left out where AdamW alone would take more than 3 GiB.
ALL = MODELS + ("cnn lenet_bn alexnet alexnet_grouped nin vgg11 vgg13 vgg13_bn vgg16_bn vgg11_quarter_channels resnet34 "
                "resnet101 resnet152 resnet_seed wide_resnet50_2 resnext50_32x4d resnext101_32x8d resnext29_8x64d seresnet50 "
                "senet_seed senet_stage legacy_seresnet18 legacy_seresnet50 densenet40 densenet40_bc densenet100_bc "
                "densenet161 densenet169 densenet201 mobilenetv1 mobilenetv1_0.25 mobilenetv2_w0.5 mobilenetv2_w1.4 "
                "shufflenet shufflenet_seed shufflenetv1_g3 shufflenetv1_g8 shufflenet_v2_x0_5 shufflenet_v2_x2_0 "
                "squeezenet squeezenet_bn googlenet_aux googlenet_bn googlenet_bn_aux inceptionv3 inceptionv3_aux "
                "efficientnet_b3 efficientnetb0 efficientnetb2_seed efficientnetv2 efficientnet_v2_m xception "
                "legacy_xception darknet53 darknet53_timm vit vit_tiny_patch16_224 vit_small_patch32_224 vit_b_16 vit_b_32 "
                "mlpmixer mixer_s16_224 mixer_b32_224 gmlp gmlp_s16_224 resmlp_12_224 resmlp_24_224").split()
OPTIMIZERS = {"SGD+momentum": {"optimizer": "sgd", "momentum": 0.9},
              "AdamW": {"optimizer": "adamw", "weight_decay": 1e-4}}


KEPT_FIELDS = ("key", "peak_bytes", "predicted_peak_bytes", "planes", "groups", "bytes", "exact", "events", "out_of_memory",
               "error", "micro_batch_seconds")


class Answers:
    """What the trainer said, by the request; on disk if there is a file."""

    def __init__(self, path):
        self.path = path
        self.known = {}
        if path and path.exists():
            for line in path.read_text().splitlines():
                request, answer = json.loads(line)
                self.known[json.dumps(request, sort_keys=True)] = answer

    def ask(self, request):
        key = json.dumps(request, sort_keys=True)
        if key not in self.known:
            done = subprocess.run([BIN / "batchwright-trainer", "--profile", key], capture_output=True, text=True)
            whole = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-400:]}
            self.known[key] = {field: whole[field] for field in KEPT_FIELDS if field in whole}
            if self.path:
                with self.path.open("a") as file:
                    file.write(json.dumps([request, self.known[key]]) + "\n")
        return self.known[key]


def ask(model, options, optimizer, samples, **more):
    for side in (*options.sides, *own_sides(model, options)):
        request = {"model": model, "classes": 10, "channels": channels_of(model), "height": side, "width": side,
                   "bn": "ghost", "group": options.group, "threads": options.thread, "samples": samples,
                   "learning_rate": 0.0, **OPTIMIZERS[optimizer], **more}
        answer = options.answers.ask(request)
        if "error" not in answer:
            return {**answer, "side": side}
    raise RuntimeError(f"{model}: {answer['error']}")


def catalogue():
    if not CATALOGUE:
        rows = subprocess.run([BIN / "batchwright", "models", "--json"], capture_output=True, text=True, check=True)
        CATALOGUE.update({row["name"]: row for row in json.loads(rows.stdout)})
    return CATALOGUE


CATALOGUE = {}


def channels_of(model):
    return catalogue()[model]["input"][0]


def own_sides(model, options):
    own = catalogue()[model]["input"][1]
    return [side for side in (96, own) if side not in options.sides]


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
    for options.thread in options.threads:
        for model in options.models:
            for optimizer in OPTIMIZERS:
                for m in options.batches:
                    yield model, optimizer, m


def predict(options):
    print("| model | side | threads | optimizer | m | measured MiB | predicted MiB | error % | line % | act % | 4P % | exact |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    errors, naive_errors, missing = [], [], []
    for model, optimizer, m in rows_of(options):
        try:
            answer = ask(model, options, optimizer, m)
        except RuntimeError as error:
            missing.append(f"{optimizer}, m = {m}, {options.thread} thread(s): {error}")
            continue
        measured, predicted = answer["peak_bytes"], answer["predicted_peak_bytes"]
        naive = [percent(value, measured) for value in Seen(answer, options).naive(m, optimizer)]
        naive_errors.append([abs(float(value)) for value in naive])
        errors.append(100 * (predicted - measured) / measured)
        print(f"| {model} | {answer['side']} | {options.thread} | {optimizer} | {m} | {measured / MIB:.2f} | "
              f"{predicted / MIB:.2f} | {percent(predicted, measured)} | {' | '.join(naive)} | "
              f"{'yes' if answer['exact'] else 'no'} |", flush=True)
    sizes = sorted(map(abs, errors))
    print(f"\n{len(errors)} rows: median error {statistics.median(sizes):.4f} %, largest {sizes[-1]:.4f} %, "
          f"furthest under {min(errors):+.4f} %; {sum(e == 0 for e in errors)} to the byte")
    for name, column in zip(("line", "act", "4P"), zip(*naive_errors)):
        print(f"{name}: median {statistics.median(column):.2f} %, largest {max(column):.2f} %")
    for line in missing:
        print("not run:", line)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["predict", "falsify"])
    parser.add_argument("--models", type=lambda text: ALL if text == "all" else text.split(","), default=MODELS)
    parser.add_argument("--side", dest="sides", type=lambda text: [int(text)], default=[64])
    parser.add_argument("--group", type=int, default=8, help="samples of a BatchNorm group")
    parser.add_argument("--batches", type=lambda text: [int(m) for m in text.split(",")], default=[3, 12, 24])
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1])
    parser.add_argument("--keep", type=pathlib.Path, help="a file of answers, to go on with")
    options = parser.parse_args()
    options.answers = Answers(options.keep)
    {"predict": predict, "falsify": falsify}[options.what](options)


if __name__ == "__main__":
    main()
