"""The model: named networks, the inputs they are conditioned on, and the losses that train them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from inspect import signature
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from synthkit import build
from synthkit.assembly import (
    build_augment,
    build_inference,
    build_losses,
    build_networks,
    build_pool,
    check_adversaries,
)
from synthkit.augment import Augment
from synthkit.errors import ConfigError, DataError
from synthkit.inputs import build_inputs
from synthkit.nn.modes import Inference, noise
from synthkit.nn.padding import common_stride, pad_to, smallest_side
from synthkit.pool import FakePool

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16}
# batch norms share their statistics by themselves, so that buffers stay equal without a broadcast
_SYNC_BUFFERS = (
    "forward_sync_buffers"  # its name from torch 2.14 on
    if "forward_sync_buffers" in signature(DistributedDataParallel).parameters
    else "broadcast_buffers"
)
KEYS = (
    "inputs",
    "generator",
    "encoder",
    "discriminator",
    "losses",
    "initializer",
    "augment",
    "pool",
    "inference",
)


class Translator(nn.Module):
    """Networks by name (`generator`, mostly `discriminator`, sometimes `encoder`), inputs and losses.

    `inputs` maps names to callables in the order of their channels, `losses` maps names to loss modules,
    and `loss_weights` holds the weight of each (1 where absent): of its generator's term, or of its
    discriminator's where it has no other; beside a generator's term, the discriminator's is not weighted.
    `precision` is fp32 or bf16 (autocast; weights and losses stay in float32).

    In training `augment` transforms what the discriminator sees, `pool` shows it earlier fakes, and
    `training_step` is the number of the step in progress, from 0, which some losses ask for. `inference` says
    what of the training the generator keeps in `translate`.
    """

    inference = Inference()
    augment: Augment | None = None
    pool: FakePool | None = None
    training_step: int | None = None

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
        self._parallel: dict[str, DistributedDataParallel] = {}
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
            augment: {policy: […]} transforms what the discriminator sees, for small sets; none by default.
            pool: how many earlier fakes are kept to show to the discriminator; none by default.
            inference: what of the training the generator keeps when it translates; nothing by default.
        """
        build.check_keys(model, KEYS)
        inputs = build_inputs(build.part(model, "inputs"))
        channels = sum(each.channels for each in inputs.values())
        networks = build_networks(model, channels=channels, training=training)
        losses, weights = build_losses(build.part(model, "losses") if training else {})
        translator = cls(networks, inputs, losses, loss_weights=weights, precision=precision)
        translator.inference = build_inference(model, networks["generator"])
        if training:
            check_adversaries(model, losses)
            translator.augment, translator.pool = build_augment(model), build_pool(model)
        return translator

    @property
    def device(self) -> torch.device:
        return next(self.networks.parameters()).device

    @property
    def has_encoder(self) -> bool:
        return "encoder" in self.networks

    @property
    def has_style_vector(self) -> bool:
        """Whether the encoder gives an image one style (N, F), as it says in `gives_vector`, not a map."""
        return self.has_encoder and getattr(self.networks["encoder"], "gives_vector", False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The entries of a batch that the model needs; with `style` in the batch, `image` is spared."""
        read = [each.field for each in self.inputs.values()]
        if self.has_encoder:
            read += ["image"] if "label" in read or self.has_style_vector else ["image", "instance"]
        return tuple(dict.fromkeys(read))

    @property
    def optional_fields(self) -> tuple[str, ...]:
        """The entries of a batch that the model uses where there are any."""
        return ("instance",) if self.has_encoder and not self.has_style_vector else ()

    @property
    def stride(self) -> int:
        """What height and width of the networks' inputs are a multiple of."""
        return common_stride(self._sized)

    @property
    def smallest(self) -> int:
        """The pixels that height and width of the networks' inputs have at least, a multiple of `stride`."""
        return smallest_side(self._sized, self.stride)

    @property
    def _sized(self) -> list[nn.Module]:
        return [network for name, network in self.networks.items() if name != "discriminator"]

    def pad(self, image: Tensor) -> Tensor:
        """(N, C, H, W) padded on the right and below to a size that the networks take; see `pad_to`."""
        return pad_to(image, self.stride, self.smallest)

    def parameter_groups(self) -> dict[str, list[tuple[str, nn.Parameter]]]:
        """The named parameters by optimiser: `discriminator`, and `generator` with all other networks."""
        groups: dict[str, list[tuple[str, nn.Parameter]]] = {}
        for name, network in self.networks.items():
            group = groups.setdefault("discriminator" if name == "discriminator" else "generator", [])
            group += [(f"{name}.{key}", p) for key, p in network.named_parameters() if p.requires_grad]
        return groups

    def distribute(self) -> None:
        """Average each network's gradients over the processes from now on, by DistributedDataParallel."""
        for name, network in self.networks.items():
            if any(p.requires_grad for p in network.parameters()):
                self._parallel[name] = DistributedDataParallel(network, **{_SYNC_BUFFERS: False})

    def unsynchronised(self) -> AbstractContextManager:
        """Within it, gradients stay in each process: for all but the last micro-batch of a step."""
        stack = ExitStack()
        for network in self._parallel.values():
            stack.enter_context(network.no_sync())
        return stack

    def _network(self, name: str) -> nn.Module:
        """The network to call: with gradients the one that shares them with other processes."""
        return (
            self._parallel.get(name, self.networks[name]) if torch.is_grad_enabled() else self.networks[name]
        )

    def autocast(self, *, full_precision: bool = False) -> AbstractContextManager:
        """The model's precision, or float32 even inside another autocast."""
        dtype = None if full_precision else PRECISIONS[self.precision]
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)

    def condition(self, batch: Mapping) -> Tensor:
        """The inputs of a batch, concatenated: (N, C, H, W). Without inputs it has no channels.

        In float32; within `translate` in the model's precision, since a large image's takes much memory.
        """
        if not self.inputs:
            return batch["image"][:, :0]
        dtype = PRECISIONS[self.precision] if torch.is_inference_mode_enabled() else None
        return torch.cat([each(batch).to(dtype or torch.float32) for each in self.inputs.values()], 1)

    def encode(self, batch: Mapping) -> tuple[Tensor, dict]:
        """The style of the batch's images and the encoder's extras.

        A map (N, F, H, W) is padded to the stride; its instances are those of `instance`, and without it each
        label of an image is one. A vector (N, F) is that of the image as it is.
        """
        if self.has_style_vector:
            with self.autocast():
                return self._network("encoder")(batch["image"], None)
        instance = batch["instance"] if "instance" in batch else batch["label"]
        instance = self.pad(instance.double()).long()  # reflection takes no integers
        with self.autocast():
            return self._network("encoder")(self.pad(batch["image"]), instance)

    def generate(self, batch: Mapping) -> tuple[Tensor, Tensor, dict]:
        """condition (N, C, H, W), fake image (N, 3, H, W) and the networks' extras, for a batch of any size.

        Sizes that the networks do not take are padded by reflection and cropped back. A `style` in the batch,
        (N, F, H, W) or a vector (N, F), stands in for encoding its images. A generator of several images
        gives all of them as the extra `candidates` (N, K, 3, H, W), of which the fake is the first.
        """
        condition, extras, style = self.condition(batch), {}, []
        height, width = condition.shape[2:]
        with self.autocast():
            if "style" in batch:
                style = [self.pad(batch["style"]) if batch["style"].ndim == 4 else batch["style"]]
            elif self.has_encoder:
                features, extras = self.encode(batch)
                style = [features]
            image = self._network("generator")(self.pad(condition), *style)
        if isinstance(image, tuple):
            image, extras = image[0], extras | image[1]
        if "candidates" in extras:
            extras["candidates"] = extras["candidates"][..., :height, :width].float()
        return condition, image[..., :height, :width].float(), extras

    def discriminate(
        self, condition: Tensor, image: Tensor, *, full_precision: bool = False
    ) -> list[list[Tensor]]:
        """The discriminator's features over scales and layers, the logits last."""
        with self.autocast(full_precision=full_precision):
            return self._network("discriminator")(condition, image)

    def translate(self, batch: Mapping, *, seed: int = 0, candidate: int | Literal["all"] = 0) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1] for a batch, without gradients.

        In evaluation mode but for what `inference` keeps of the training; its noise follows from `seed`, and
        the global random numbers are left alone. Of a generator of several images the `candidate` of that
        number, or all, (N, K, 3, H, W). Raises DataError where there is none of that number.
        """
        return _chosen(self.candidates(batch, seed=seed), candidate)

    def candidates(self, batch: Mapping, *, seed: int = 0) -> Tensor:
        """All images (N, K, 3, H, W) of each input, as `translate`; K is 1 of most generators."""
        with ExitStack() as stack:
            for name, network in self.networks.items():
                mode = self.inference if name == "generator" else Inference()
                stack.enter_context(mode.applied(network))
            stack.enter_context(noise(seed, self.device))
            stack.enter_context(torch.inference_mode())
            _, image, extras = self.generate(batch)
            return extras.get("candidates", image[:, None]).clamp(-1, 1)

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
        """The terms of the discriminator's loss, named NAME/discriminator, on fakes from the pool if any.

        A term is weighted where its loss has no generator's side.
        """
        step = step.pooled()
        return {
            f"{name}/discriminator": (1 if hasattr(loss, "generator") else self.loss_weights[name])
            * loss.discriminator(step)
            for name, loss in self.losses.items()
            if hasattr(loss, "discriminator")
        }


def _chosen(candidates: Tensor, candidate: int | Literal["all"]) -> Tensor:
    """The candidate of that number, or all, of (N, K, 3, H, W)."""
    count = candidates.shape[1]
    if count == 1 and candidate != 0:
        raise DataError(f"candidate {candidate}: this model makes one image")
    if candidate == "all":
        return candidates
    if candidate not in range(count):
        raise DataError(f"candidate {candidate}: this model makes {count} images, 0 to {count - 1}, or all")
    return candidates[:, candidate]
