"""`batchwright train`: the flags, the configuration and the output folders of the seed collection's script."""
import json
import struct
import unittest

from harness import BIN, Case

CONFIG = """
parameters:
  num_epochs: 2
  learning_rate: 1e-2
  batch_size: 100
  image_resolution: 28
  optimizer: sgd
  dataset: fashion_mnist
  limit_train_samples: 1000
  limit_test_samples: 200
"""


class Train(Case):
    def train(self, *flags):
        self.run_to_end([str(BIN / "batchwright"), "train", "--model=cnn", "--config", "config.yaml", "--device", "cpu:1",
                         "--state", "state", *flags])

    def test_weights_plots_and_checkpoints_lie_where_the_script_puts_them(self):
        (self.folder / "config.yaml").write_text(CONFIG)
        self.train("--model_save=True", "--checkpoint=True")
        for name in ("cnn_train_test_acc.png", "cnn_train_test_loss.png"):
            self.assertEqual((self.folder / "plot" / name).read_bytes()[:4], b"\x89PNG")
        best = (self.folder / "model_store" / "cnnbest-model-parameters.safetensors").read_bytes()
        header = json.loads(best[8:8 + struct.unpack("<Q", best[:8])[0]])
        self.assertGreater(float(header["__metadata__"]["test_accuracy"]), 0.3)
        weights = sum(value["data_offsets"][1] - value["data_offsets"][0]
                      for name, value in header.items()
                      if not any(part in name for part in ("running", "num_batches", "__metadata__")))
        self.assertEqual(weights, 29034 * 4, "what the seed's table counts, and no optimizer state")
        self.assertTrue((self.folder / "checkpoints" / "cnn-step-20.safetensors").exists())

    def test_sam_has_its_own_plots_and_nothing_is_saved_unasked(self):
        (self.folder / "config.yaml").write_text(CONFIG)
        self.train("--sam")
        self.assertTrue((self.folder / "plot" / "with_SAM_cnn_train_test_acc.png").exists())
        self.assertFalse((self.folder / "model_store").exists())


if __name__ == "__main__":
    unittest.main()
