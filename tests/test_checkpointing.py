"""Gradient checkpointing changes memory, and nothing else."""

import copy

import pytest
import torch
from small_runs import tiny
from torch import nn

from synthkit.errors import ConfigError
from synthkit.nn.blocks import ConvBlock, ResidualBlock
from synthkit.nn.checkpointing import checkpoint_blocks
from synthkit.nn.norms import norm_factory
from synthkit.registry import GENERATORS
from synthkit.trainer import Trainer


class Plain(nn.Conv2d):
    """A generator without a block that is made for it."""

    def __init__(self, in_channels: int):
        super().__init__(in_channels, 3, 1)


@pytest.fixture
def plain():
    GENERATORS.register_module("user/without_blocks", module=Plain)
    yield "user/without_blocks"
    GENERATORS._module_dict.pop("user/without_blocks")


INSTANCE = norm_factory("instance")
LOCAL = "{type: pix2pixhd/local, channels: 4, downsamples: 1, blocks: 2, dropout: 0.3}"
ALL = (
    f"model.generator={LOCAL}",
    "model.discriminator={type: pix2pixhd/multiscale, channels: 4, layers: 2}",
    "model.losses.features={type: pix2pixhd/feature_matching, weight: 10}",
    "model.losses.r1={type: r1, gamma: 1, every: 2}",
)


@pytest.mark.parametrize(
    ("order", "precision"), [("joint", "fp32"), ("discriminator_first", "bf16"), ("generator_first", "bf16")]
)
def test_training_has_the_same_bits(order, precision):
    """With dropout, two scales, feature matching and a penalty on second derivatives."""
    results = []
    for switch in ("true", "false"):
        settings = (f"train.order={order}", f"train.precision={precision}", f"train.checkpointing={switch}")
        trainer = Trainer(tiny(*ALL, *settings))
        for _ in range(3):
            trainer.advance()
        results.append(trainer.model.networks.state_dict() | trainer.figures.means()["losses"])
    assert {"features", "r1/discriminator"} <= results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(results[1][name])), name


def kept(network: nn.Module, given: torch.Tensor) -> int:
    """Bytes that a forward pass keeps for its backward pass, beside the weights."""
    storages = {}
    weights = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        network(given).sum().backward()
    return sum(storages.values())


def test_only_inputs_are_kept():
    blocks = nn.Sequential(*(ResidualBlock(8, norm=INSTANCE) for _ in range(4)))
    given = torch.randn(1, 8, 32, 32, requires_grad=True)
    plain = kept(blocks, given)
    assert checkpoint_blocks(blocks) == 4
    assert kept(blocks, given) < plain / 3


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_running_statistics_are_updated_once(norm):
    block = ConvBlock(3, 4, norm=norm_factory(norm))
    plain, given = copy.deepcopy(block), torch.randn(2, 3, 8, 8)
    assert checkpoint_blocks(block) == (norm == "instance")
    for each in (block, plain):
        each(given).square().sum().backward()
    for ours, theirs in zip(block.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(block.conv.weight.grad, plain.conv.weight.grad)


def test_weights_that_changed_in_between_are_refused():
    block = ConvBlock(3, 4, norm=INSTANCE)
    checkpoint_blocks(block)
    loss = block(torch.randn(1, 3, 8, 8)).sum()
    with torch.no_grad():
        block.conv.weight.add_(1)
    with pytest.raises(RuntimeError, match="changed before its backward pass"):
        loss.backward()


def test_a_switch_without_effect_is_refused(plain):
    generator = f"model.generator={{_delete_: true, type: {plain}}}"
    alone = ("model.discriminator=null", "model.losses.gan=null", "train.order=generator_only")
    with pytest.raises(ConfigError, match="train.checkpointing.*no block"):
        Trainer(tiny(generator, *alone, "train.checkpointing=true"))
