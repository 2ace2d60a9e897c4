"""What the networks of a model are made of, and what a pass through them costs."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from synthkit.translator import Translator


class NetworkSummary(NamedTuple):
    """A network's name, parameters, GFLOPs of a forward pass (a multiply-add is two), and output shapes."""

    name: str
    parameters: int
    gflops: float
    outputs: list[list[int]]


def summarize(model: Translator, batch: Mapping) -> list[NetworkSummary]:
    """Each network of the model on one batch, which holds what translating needs and mostly `image`."""
    calls: dict[str, tuple] = {}
    hooks = [
        network.register_forward_pre_hook(lambda _, inputs, name=name: calls.setdefault(name, inputs))
        for name, network in model.networks.items()
    ]
    modes = {module: module.training for module in model.networks.modules()}
    model.networks.eval()  # some norms refuse to train on a batch of one, and none is to follow this one
    try:
        with torch.no_grad():
            condition, fake, _ = model.generate(batch)
            if "discriminator" in model.networks:
                model.discriminate(condition, fake)
        return [_summary(name, network, calls[name], model) for name, network in model.networks.items()]
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode


def _summary(name: str, network: nn.Module, inputs: tuple, model: Translator) -> NetworkSummary:
    with torch.no_grad(), model.autocast(), FlopCounterMode(display=False) as counter:
        output = network(*inputs)
    count = sum(p.numel() for p in network.parameters())
    return NetworkSummary(
        name, count, counter.get_total_flops() / 1e9, [list(t.shape) for t in _shown(output)]
    )


def _shown(output) -> list[Tensor]:
    """The image of a generator, the style of an encoder, the logits of a discriminator's scales."""
    if isinstance(output, list):
        return [scale[-1] for scale in output]
    return [output[0] if isinstance(output, tuple) else output]
