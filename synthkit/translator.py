"""The model: named networks, the inputs they are conditioned on, and the losses that train them."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit import build
from synthkit.errors import ConfigError
from synthkit.inputs import build_inputs
from synthkit.nn.init import initialize
from synthkit.registry import DISCRIMINATORS, ENCODERS, GENERATORS, LOSSES

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}
KEYS = ("inputs", "generator", "encoder", "discriminator", "losses", "initializer")


class Translator(nn.Module):
    """Networks by name (`generator`, mostly `discriminator`, sometimes `encoder`), inputs and losses.

    `inputs` maps names to callables in the order of their channels, `losses` maps names to loss modules,
    and `loss_weights` holds the generator's weight of each (1 where absent). `precision` is fp32 or
    bf16 (autocast; weights and losses stay in float32).
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        inputs: Mapping,
        losses: Mapping[str, nn.Module] | None = None,
        *,
        loss_weights: Mapping[str, float] | None = None,
        precision: str = "fp32",
    ):
        super().__init__()
        if precision not in PRECISIONS:
            raise ConfigError(f"precision is {precision!r}: choose one of {', '.join(PRECISIONS)}")
        self.networks, self.losses = nn.ModuleDict(networks), nn.ModuleDict(losses or {})
        self.inputs, self.precision = dict(inputs), precision
        self.loss_weights = dict.fromkeys(self.losses, 1.0) | dict(loss_weights or {})

    @classmethod
    def from_config(cls, model: Mapping, *, precision: str = "fp32", training: bool = True) -> "Translator":
        """Build the config's `model` section and wire the channel counts.

        Without `training` the discriminator and the losses are left out, and no pretrained weights needed.

        Keys:
            inputs: what the model is conditioned on, by kind, such as {label: {classes: 12}, boundary: {}};
                a null input is left out.
            generator: one of the generators; its channels are wired from the inputs.
            encoder: one of the encoders, trained with the generator; none by default.
            discriminator: one of the discriminators; left out for methods without one.
            losses: the losses by the name they are logged under, each with its `weight` (1 by default)
                beside its keys; a null loss is left out.
            initializer: how the first weights are drawn.
        """
        build.check_keys(model, KEYS)
        inputs = build_inputs(build.part(model, "inputs"))
        channels = sum(each.channels for each in inputs.values())
        networks = {}
        if encoder := model.get("encoder"):
            networks["encoder"] = ENCODERS.build(encoder, in_channels=3)
        style = networks["encoder"].out_channels if encoder else 0
        networks["generator"] = GENERATORS.build(build.need(model, "generator"), in_channels=channels + style)
        if training and (discriminator := model.get("discriminator")):
            networks["discriminator"] = DISCRIMINATORS.build(discriminator, in_channels=channels + 3)
        for network in networks.values():
            build.call(initialize, build.part(model, "initializer"), module=network)
        losses, weights = _build_losses(build.part(model, "losses") if training else {})
        if training:
            _check_adversaries(model, losses)
        return cls(networks, inputs, losses, loss_weights=weights, precision=precision)

    @property
    def device(self) -> torch.device:
        return next(self.networks.parameters()).device

    @property
    def has_encoder(self) -> bool:
        return "encoder" in self.networks

    @property
    def fields(self) -> tuple[str, ...]:
        """The entries of a batch that the model reads to translate."""
        encoder = ("image", "instance") if self.has_encoder else ()
        return tuple(dict.fromkeys([*(each.field for each in self.inputs.values()), *encoder]))

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The parameters by optimiser: `discriminator`, and `generator` with all other networks."""
        groups: dict[str, list[nn.Parameter]] = {}
        for name, network in self.networks.items():
            group = "discriminator" if name == "discriminator" else "generator"
            groups.setdefault(group, []).extend(p for p in network.parameters() if p.requires_grad)
        return groups

    def autocast(self) -> AbstractContextManager:
        dtype = PRECISIONS[self.precision]
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)

    def condition(self, batch: Mapping) -> Tensor:
        """The inputs of a batch, concatenated: (N, C, H, W). Without inputs it has no channels."""
        if not self.inputs:
            return batch["image"][:, :0]
        return torch.cat([each(batch) for each in self.inputs.values()], 1)

    def generate(self, batch: Mapping) -> tuple[Tensor, Tensor, dict]:
        """condition (N, C, H, W), fake image (N, 3, H, W) and the networks' extras, for a batch of any size.

        Sizes that are not a multiple of the networks' stride are padded by reflection and cropped back.
        """
        condition, extras, style = self.condition(batch), {}, []
        height, width = condition.shape[2:]
        generator, encoder = (
            self.networks["generator"],
            self.networks["encoder"] if self.has_encoder else None,
        )
        stride = math.lcm(*(getattr(network, "stride", 1) for network in (generator, encoder)))
        with self.autocast():
            if encoder is not None:
                instance = pad_to(batch["instance"].double(), stride)  # reflection takes no integers
                features, extras = encoder(pad_to(batch["image"], stride), instance.long())
                style = [features]
            image = generator(pad_to(condition, stride), *style)
        if isinstance(image, tuple):
            image, extras = image[0], extras | image[1]
        return condition, image[..., :height, :width].float(), extras

    def discriminate(self, condition: Tensor, image: Tensor) -> list[list[Tensor]]:
        """The discriminator's features over scales and layers, the logits last."""
        with self.autocast():
            return self.networks["discriminator"](condition, image)

    def translate(self, batch: Mapping) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1] for a batch, in evaluation mode and without gradients."""
        modes = {module: module.training for module in self.networks.modules()}
        self.networks.eval()
        try:
            with torch.inference_mode():
                return self.generate(batch)[1].clamp(-1, 1)
        finally:
            for module, mode in modes.items():
                module.training = mode

    def generator_losses(self, step) -> dict[str, Tensor]:
        """The weighted terms of the generator's loss, by the names of the config.

        Losses run in float32: in bf16 the gradients of a perceptual backbone are mostly noise.
        """
        return {
            name: self.loss_weights[name] * loss.generator(step)
            for name, loss in self.losses.items()
            if hasattr(loss, "generator")
        }

    def discriminator_losses(self, step) -> dict[str, Tensor]:
        """The terms of the discriminator's loss, named NAME/discriminator."""
        return {
            f"{name}/discriminator": loss.discriminator(step)
            for name, loss in self.losses.items()
            if hasattr(loss, "discriminator")
        }


def pad_to(image: Tensor, stride: int) -> Tensor:
    """Pad (N, C, H, W) on the right and below to a multiple of `stride`, and to two strides at least.

    By reflection, or by repeating the last pixel where the image is too small to reflect. Two strides leave
    the coarsest features enough pixels for a norm and a reflection of their own.
    """
    height, width = image.shape[2:]
    smallest = 2 * stride if stride > 1 else 1
    below, right = (max(size + -size % stride, smallest) - size for size in (height, width))
    if not below and not right:
        return image
    mode = "reflect" if below < height and right < width else "replicate"
    return F.pad(image, (0, right, 0, below), mode=mode)


def _check_adversaries(model: Mapping, losses: Mapping[str, nn.Module]) -> None:
    """A discriminator and a loss that trains it go together."""
    adversarial = [name for name, loss in losses.items() if hasattr(loss, "discriminator")]
    if adversarial and not model.get("discriminator"):
        raise ConfigError(
            f"the loss {adversarial[0]!r} needs model.discriminator", build.where(model, "losses")
        )
    if model.get("discriminator") and not adversarial:
        raise ConfigError("no loss trains the discriminator", build.where(model, "discriminator"))


def _build_losses(section: Mapping) -> tuple[dict[str, nn.Module], dict[str, float]]:
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
