"""The divisors with which each term of CRN's loss has the same share, for any backbone and data.

    python tools/calibrate_crn.py crn/streets_128 --steps 300 [model.losses.perceptual.backbone=…]

trains with all divisors at 1, as the paper begins (each layer weighed by the inverse of its number of
elements), and prints the mean of each term over the last half of the steps, relative to the image's: the
`divisors` to write into the config, beside the loss's backbone.
"""

import argparse
import sys
from collections.abc import Mapping

import torch
from torch import Tensor

from synthkit import build, load_config
from synthkit.data import open_data
from synthkit.data.loader import batches
from synthkit.errors import ConfigError, SynthkitError
from synthkit.inputs import sample_checks
from synthkit.optimizers import build_optimizers
from synthkit.registry import BACKBONES
from synthkit.steps import Step
from synthkit.translator import Translator


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config")
    parser.add_argument("overrides", nargs="*", help="KEY=VALUE, as in training")
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_intermixed_args()  # overrides may stand behind --steps
    if options.steps < 1:
        parser.error(f"--steps {options.steps}: at least one is needed")
    try:
        divisors = calibrate(load_config(options.config, options.overrides), options.steps)
    except SynthkitError as error:
        sys.exit(f"error: {error}")
    print(f"divisors: [{', '.join(f'{each:.3g}' for each in divisors)}]")


def calibrate(cfg: Mapping, steps: int) -> list[float]:
    """The divisors of the config's loss after so many steps; that of the image is 1."""
    name, spec = own_loss(cfg["model"].get("losses", {}))
    spec["divisors"] = [1.0] * (1 + len(BACKBONES.build(spec.get("backbone", "crn/vgg19")).layer_weights))
    torch.manual_seed(0)
    model = Translator.from_config(cfg["model"], precision=cfg["train"].get("precision", "fp32"))
    shares = torch.stack(contributions(cfg, model, name, steps)[steps // 2 :]).mean(0)
    return (shares / shares[0]).tolist()


def own_loss(losses: Mapping) -> tuple[str, dict]:
    """The name and the settings of the loss that has divisors. Raises ConfigError where there is none."""
    for name, spec in losses.items():
        if spec and spec["type"] in ("crn/perceptual", "crn/diversity"):
            return name, spec
    raise ConfigError("no loss has divisors: crn/perceptual or crn/diversity", build.where(losses))


def contributions(cfg: Mapping, model: Translator, name: str, steps: int) -> list[Tensor]:
    """What each term of the loss was in each step of a training, (terms,)."""
    optimizers = build_optimizers(cfg["train"].get("optimizer", {}), model.parameter_groups())
    samples = open_data(
        cfg["data"],
        "train",
        training=True,
        fields=(*model.fields, "image"),
        seed=0,
        **sample_checks(model.inputs),
    )
    loader = batches(samples, cfg["train"].get("batch_size", 1), seed=0)
    found = []
    for _ in range(steps):
        step = Step.forward(model, next(loader))
        terms = model.losses[name].contributions(step)
        optimizers.update("generator", {name: terms.sum()})
        found.append(terms.detach())
    return found


if __name__ == "__main__":
    main()
