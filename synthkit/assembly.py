"""The parts of a model, built from the config's `model` section and wired to each other."""

import math
from collections.abc import Mapping

from torch import nn

from synthkit import build
from synthkit.augment import Augment
from synthkit.errors import ConfigError, listed, shown
from synthkit.losses import Regulariser
from synthkit.nn.init import initialize
from synthkit.nn.modes import Inference
from synthkit.pool import FakePool
from synthkit.registry import DISCRIMINATORS, ENCODERS, GENERATORS, LOSSES

IMAGE = 3  # channels


def build_networks(model: Mapping, *, channels: int, training: bool) -> dict[str, nn.Module]:
    """The networks by name, for a condition of so many `channels`; the discriminator in training alone."""
    networks = {}
    if encoder := model.get("encoder"):
        networks["encoder"] = ENCODERS.build(encoder, in_channels=IMAGE)
    networks["generator"] = _generator(model, channels, networks.get("encoder"))
    if training and (discriminator := model.get("discriminator")):
        networks["discriminator"] = build_discriminator(discriminator, channels=channels)
    for name, network in networks.items():
        _check_filled(network, build.where(model, name))
        build.call(initialize, build.part(model, "initializer"), module=network)
    return networks


def _check_filled(network: nn.Module, place: str) -> None:
    """Raises ConfigError where a layer has no weights, as with `channels: 0`, which torch takes."""
    for key, parameter in network.named_parameters():
        if not parameter.numel():
            raise ConfigError(f"{key} has no values, its shape is {tuple(parameter.shape)}", place)


def build_discriminator(spec: str | Mapping, *, channels: int) -> nn.Module:
    """The discriminator for a condition of so many `channels`."""
    return DISCRIMINATORS.build(spec, in_channels=channels + IMAGE)


def _generator(model: Mapping, channels: int, encoder: nn.Module | None) -> nn.Module:
    """The generator, which is told the width of the encoder's style if it takes one."""
    spec, wired = build.need(model, "generator"), {"in_channels": channels}
    if GENERATORS.takes(spec, "style_channels"):
        wired["style_channels"] = encoder.out_channels if encoder else 0
    elif encoder:
        name = spec if isinstance(spec, str) else spec.get("type")
        raise ConfigError(f"the generator {name!r} takes no style", build.where(model, "encoder"))
    return GENERATORS.build(spec, **wired)


def build_losses(section: Mapping) -> tuple[dict[str, nn.Module], dict[str, float]]:
    """The losses by name, and the weights that stand beside their settings; a null loss is left out."""
    losses, weights = {}, {}
    for name, spec in section.items():
        if spec is None:
            continue
        spec = {"type": spec} if isinstance(spec, str) else spec
        build.check_mapping(spec, build.where(section, name))
        weights[name] = weight = spec.get("weight", 1.0)
        if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not math.isfinite(weight):
            raise ConfigError(f"{weight!r} is not a finite number", build.where(spec, "weight"))
        losses[name] = LOSSES.build(build.without(spec, "weight"))
    return losses, weights


def check_adversaries(model: Mapping, losses: Mapping[str, nn.Module]) -> None:
    """A discriminator, a loss that trains it, and what steadies it go together."""
    sided = [name for name, loss in losses.items() if hasattr(loss, "discriminator")]
    if sided and not model.get("discriminator"):
        raise ConfigError(f"the loss {sided[0]!r} needs model.discriminator", build.where(model, "losses"))
    for key in ("augment", "pool"):
        if model.get(key) not in (None, 0) and not model.get("discriminator"):
            raise ConfigError("it needs model.discriminator", build.where(model, key))
    if model.get("discriminator") and all(isinstance(losses[name], Regulariser) for name in sided):
        kept = f"; {listed(sided)} only steadies it" if sided else ""
        raise ConfigError(f"no loss trains the discriminator{kept}", build.where(model, "discriminator"))


def build_augment(model: Mapping) -> Augment | None:
    """The model's augmentation; off where the key is absent or null."""
    if model.get("augment") is None:
        return None
    return build.call(Augment, build.part(model, "augment"))


def build_pool(model: Mapping) -> FakePool | None:
    """The model's pool of as many fakes as `pool` says; off where it is absent, null or 0."""
    size = model.get("pool")
    if not isinstance(size, int | None) or isinstance(size, bool) or (size or 0) < 0:
        raise ConfigError(f"{shown(size)} is not a number of fakes, 0 or more", build.where(model, "pool"))
    return FakePool(size) if size else None


def build_inference(model: Mapping, generator: nn.Module) -> Inference:
    """How the generator translates. Raises ConfigError where it lacks what is to stay as in training."""
    section = build.part(model, "inference")
    inference = build.call(Inference, section)
    if lacking := inference.lacking(generator):
        key, layer = lacking
        raise ConfigError(f"this generator has no {layer}", build.where(section, key))
    return inference
