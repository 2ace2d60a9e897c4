"""The training loop in one file: no runner, no run folder, no schedule, nothing resumed. To read and change.

python tools/plain_train.py pix2pixhd/streets_64 20
"""

import sys

import torch

from synthkit import load_config
from synthkit.data import open_data
from synthkit.data.loader import batches
from synthkit.inputs import sample_checks
from synthkit.optimizers import build_optimizers
from synthkit.registry import STEPS
from synthkit.translator import Translator


def main(name: str, steps: int) -> dict[str, float]:
    """Train the config's model for `steps` steps; return the last losses."""
    cfg = load_config(name)
    torch.manual_seed(0)
    model = Translator.from_config(cfg["model"], precision=cfg["train"].get("precision", "fp32"))
    optimizers = build_optimizers(cfg["train"].get("optimizer", {}), model.parameter_groups())
    samples = open_data(
        cfg["data"],
        "train",
        training=True,
        fields=(*model.fields, "image"),
        seed=0,
        **sample_checks(model.inputs),
    )
    update, losses = STEPS.get(cfg["train"].get("order", "joint")), {}
    loader = batches(samples, cfg["train"].get("batch_size", 1), seed=0)
    for step in range(1, steps + 1):
        losses = {name: loss.item() for name, loss in update(model, next(loader), optimizers).items()}
        print(step, "  ".join(f"{name} {loss:.3f}" for name, loss in losses.items()))
    return losses


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
