"""Networks trained for real, as bench/models/check.py does it for all of them: here a share of the families' smallest,
another one after every commit (printed). BATCHWRIGHT_FAMILIES=all runs every family, or name some."""
import os
import pathlib
import subprocess
import sys
import types
import unittest

from harness import ROOT, Case

sys.path.insert(0, str(ROOT / "bench/models"))
import check  # noqa: E402

# Not nin and squeezenet, which end in a ReLU: a class that it silences learns nothing, so 200 steps do not always suffice.
SMALLEST = ("alexnet_tv cnn darknet53 densenet40 efficientnet_b0 efficientnetv2 gmlp googlenet inceptionv3 lenet_bn mlpmixer "
            "mobilenetv1_0.25 mobilenetv2_w0.35 resmlp resnet18 resnext50_32x4d seresnet18 shufflenetv1_g3_x0.5 "
            "shufflenet_v2_x0_5 squeezenet_bn vgg11_quarter_channels vit_tiny_patch16_224 xception").split()
SHARE = 3


def chosen():
    wanted = os.environ.get("BATCHWRIGHT_FAMILIES", "")
    if wanted:
        return SMALLEST if wanted == "all" else wanted.split(",")
    count = subprocess.run(["git", "-C", str(ROOT), "rev-list", "--count", "HEAD"], capture_output=True, text=True)
    first = int(count.stdout) * SHARE if count.returncode == 0 else 0
    return [SMALLEST[(first + i) % len(SMALLEST)] for i in range(SHARE)]


class Models(Case):
    def test_a_share_of_the_families_overfits_and_resumes_exactly(self):
        models = chosen()
        print("families of this run:", " ".join(models), flush=True)
        options = types.SimpleNamespace(device="cpu:2x6GiB", seconds=240, data=check.make_data(self.folder / "data"))
        for model in models:
            with self.subTest(model=model):
                row = check.Check(model, pathlib.Path(self.folder) / model, options).row()
                self.assertTrue(check.is_done(row), row)
                self.assertEqual(row["verdict"], "fits")
                self.assertLessEqual(abs(row["measured"] - row["predicted"]), 0.03 * row["predicted"])


if __name__ == "__main__":
    unittest.main()
