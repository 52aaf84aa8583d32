#!/usr/bin/env python3
"""One sweep of networks of very different size under one limit: each finishes, or is refused with the arithmetic.

  python3 bench/memory/sweep.py [--device cpu:2x1GiB] [--models a,b] [--batch 256] [--side 64] [--steps 3] [--state DIR]

`run` as anybody runs it, without profiles; then `plan`, which must say the same. Fails unless every job that finished saw
exactly --batch samples in every step, none ran out of memory, and at least one had unequal micro-batches.
"""
import argparse
import pathlib
import sys
import tempfile

from jobs import MIB, batchwright

MODELS = ("squeezenet1_0 shufflenet_v2_x1_0 mobilenetv2 efficientnet_b0 googlenet densenet121 resnet18 resnet50 "
          "vit_tiny_patch16_224 alexnet_tv wide_resnet50_2 resnext101_32x8d vgg16_bn vit_b_16")
SWEEP = """
name: sizes
method: grid
parameters:
  model: {values: [%(models)s]}
  dataset: {value: fashion_mnist}
  image_resolution: {value: %(side)d}
  optimizer: {value: sgd}
  momentum: {value: 0.9}
  learning_rate: {value: 0.01}
  batch_size: {value: %(batch)d}
  num_epochs: {value: 1}
  max_steps: {value: %(steps)d}
  eval_interval: {value: 0}
  limit_train_samples: {value: %(samples)d}
  limit_test_samples: {value: 100}
batchwright: {world_size: 1, bn: ghost(%(group)d)}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu:2x1GiB")
    parser.add_argument("--models", default=MODELS.replace(" ", ","))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--group", type=int, default=32)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--state", type=pathlib.Path, help="goes on where it was")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        state = options.state or pathlib.Path(temporary) / "state"
        state.mkdir(parents=True, exist_ok=True)
        sweep = state / "sizes.yaml"
        sweep.write_text(SWEEP % {**vars(options), "models": options.models.replace(",", ", "), "samples": 4 * options.batch})
        points = batchwright("run", sweep, "--device", options.device, "--state", state, "--json", stderr=None)["points"]
        rows = batchwright("plan", sweep, "--device", options.device, "--state", state, "--json", stderr=None)
    print("| model | state | m x a x w | samples a step | predicted MiB | measured MiB | limit MiB | used % | OOMs | probe steps "
          "| `plan` afterwards |")
    print("|---" * 11 + "|")
    wrong, ragged = [], 0
    for point, row in zip(points, rows):
        model = point["params"]["model"]
        if point["state"] != "finished":
            print(f"| {model} | {point['state']}: {point['reason']} |" + " |" * 8 + f" {row['verdict']} |")
            if point["state"] != "refused":
                wrong.append(f"{model} is {point['state']}: {point['reason']}")
            continue
        m, a, w = (point[key] for key in ("micro_batch", "accumulation", "world_size"))
        same = [row[key] for key in ("micro_batch", "accumulation", "world_size")] == [m, a, w]
        seen = point["samples_per_step"]
        ragged += m * a * w > options.batch
        if seen != {"min": options.batch, "max": options.batch}:
            wrong.append(f"{model} saw {seen} samples a step")
        if point["oom_count"]:
            wrong.append(f"{model} ran out of memory")
        print(f"| {model} | finished | {m} x {a} x {w} | {seen['max']} | {point['predicted_peak_bytes'] / MIB:.1f} | "
              f"{point['measured_peak_bytes'] / MIB:.1f} | {point['limit_bytes'] / MIB:.0f} | "
              f"{100 * point['measured_peak_bytes'] / point['limit_bytes']:.1f} | {point['oom_count']} | {point['probe_steps']} "
              f"| {row['verdict']}{', the same plan' if same else ''} |")
    if not ragged:
        wrong.append("no job had unequal micro-batches")
    print("\n" + ("; ".join(wrong) or f"{len(points)} jobs as they should be, {ragged} with unequal micro-batches"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
