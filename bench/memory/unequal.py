#!/usr/bin/env python3
"""A gang of unequal devices: who gets how much of the batch, beside the plan that the smallest device alone allows.

  python3 bench/memory/unequal.py [--device cpu:0.5GiB,1GiB,2GiB] [--models a,b] [--batch 240] [--side 64] [--steps 4]

`plan --profile` says every rank's share, micro-batch and predicted peak; `run` then trains a few steps on these devices,
and on as many of the smallest. B stays what was asked for, and the losses of the two runs agree to rounding.
"""
import argparse
import csv
import pathlib
import tempfile

from jobs import MIB, batchwright

SWEEP = """
method: grid
parameters:
  model: {values: [%(models)s]}
  dataset: {value: fashion_mnist}
  image_resolution: {value: %(side)d}
  optimizer: {value: sgd}
  momentum: {value: 0.9}
  learning_rate: {value: 0.001}
  precision: {value: %(precision)s}
  batch_size: {value: %(batch)d}
  num_epochs: {value: 1}
  max_steps: {value: %(steps)d}
  eval_interval: {value: 0}
  limit_train_samples: {value: %(samples)d}
  limit_test_samples: {value: 100}
batchwright: {world_size: %(world)d, bn: ghost(%(group)d)}
"""


def losses(state):
    folder = max((state / "sweeps").iterdir(), key=lambda path: path.stat().st_mtime)
    with open(folder / "curves.csv", newline="") as file:
        return {(int(row["ordinal"]), int(row["step"])): float(row["loss"]) for row in csv.DictReader(file)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu:0.5GiB,1GiB,2GiB")
    parser.add_argument("--models", default="resnet50,densenet121,efficientnet_b0")
    parser.add_argument("--batch", type=int, default=240)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--precision", choices=["fp32", "fp64"], default="fp32")
    options = parser.parse_args()
    limits = options.device.removeprefix("cpu:").split(",")
    uniform = f"cpu:{len(limits)}x{min(limits, key=lambda text: float(text.removesuffix('GiB').removesuffix('MiB')))}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sweep = folder / "sweep.yaml"
        models = options.models.replace(",", ", ")
        sweep.write_text(SWEEP % {**vars(options), "models": models, "world": len(limits), "samples": 4 * options.batch})
        results, curves, plans = {}, {}, {}
        for device in (options.device, uniform):
            state = folder / device.replace(":", "-").replace(",", "-")
            plans[device] = batchwright("plan", sweep, "--device", device, "--state", state, "--json", "--profile", expect=(0,))
            results[device] = batchwright("run", sweep, "--device", device, "--state", state, "--json")["points"]
            curves[device] = losses(state)
        print("| model | device | rank: limit | samples | m x a | predicted MiB | samples a step | measured peak MiB | OOMs | "
              "step s (plan) |")
        print("|---" * 10 + "|")
        for device in (options.device, uniform):
            for plan, point in zip(plans[device], results[device]):
                ranks = plan.get("ranks") or [None]
                for index, rank in enumerate(ranks):
                    head = f"| {plan['params']['model']} | {device} |" if index == 0 else "| | |"
                    if rank:
                        cells = (f" {index}: {rank['limit_bytes'] / MIB:.0f} MiB | {rank['samples']} | {rank['micro_batch']} x "
                                 f"{rank['accumulation']} | {rank['predicted_peak_bytes'] / MIB:.1f} |")
                    else:
                        cells = (f" each: {plan['limit_bytes'] / MIB:.0f} MiB | {options.batch // len(limits)} | "
                                 f"{plan['micro_batch']} x {plan['accumulation']} | {plan['predicted_peak_bytes'] / MIB:.1f} |")
                    tail = " | | | |"
                    if index == 0:
                        tail = (f" {point['samples_per_step']['max']} | {(point['measured_peak_bytes'] or 0) / MIB:.1f} | "
                                f"{point['oom_count']} | {plan['step_seconds']:.2f} |")
                    print(head + cells + tail, flush=True)
        print()
        for step in range(1, options.steps + 1):
            apart = [abs(loss - curves[uniform][at]) / abs(loss) for at, loss in curves[options.device].items()
                     if at[1] == step and at in curves[uniform]]
            print(f"losses of the two runs in step {step}: at most {max(apart):.1e} apart (relative)")


if __name__ == "__main__":
    main()
