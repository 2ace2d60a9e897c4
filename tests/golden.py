"""Golden tensors: what the tests of several plugins do with the files of the authors' networks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from synthkit.optimizers import build_optimizers
from synthkit.registry import STEPS
from synthkit.steps import SIGNAL
from synthkit.translator import Translator


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, without it."""
    return {key.removeprefix(f"{prefix}."): v for key, v in tensors.items() if key.startswith(f"{prefix}.")}


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=0)


def train_as_the_original(
    model: Translator, order: str, tensors: dict[str, Tensor], original: dict, convert: Callable, *, term: str
) -> dict[str, nn.Module]:
    """The networks after the registered step has made the authors' steps, whose losses it must have had.

    `term` is the name of the generator's loss beside `gan`.
    """
    networks = {name: model.networks[name] for name in ("generator", "discriminator")}
    for name, network in networks.items():
        network.load_state_dict(convert(under(tensors, f"before.{name}")))
    optimizers = build_optimizers(
        {"type": "Adam", "lr": original["lr"], "betas": original["betas"]}, model.parameter_groups()
    )
    for index, (gan, other, real, fake) in enumerate(tensors["losses"]):
        logs = STEPS.get(order)(model, under(tensors, f"step{index}"), optimizers)
        logs = {name: value for name, value in logs.items() if not name.startswith(SIGNAL)}
        expected = {"gan": gan, term: other, "gan/discriminator": (real + fake) / 2}
        torch.testing.assert_close(logs, expected, rtol=1e-5, atol=0)
    return networks
