"""The U-Net beside what the golden tensors show: dropout, padding, checkpointing."""

import copy

import pytest
import torch
from torch import nn

from synthkit.nn.checkpointing import checkpoint_blocks
from synthkit.registry import GENERATORS
from synthkit.translator import Translator


def unet(**settings) -> nn.Module:
    return GENERATORS.build({"type": "pix2pix/unet", "channels": 2, **settings}, in_channels=3)


@pytest.mark.parametrize(("downsamples", "dropped"), [(5, []), (6, [1]), (8, [1, 2, 3]), (9, [1, 2, 3, 4])])
def test_dropout_is_in_the_decoder_s_widest_layers(downsamples, dropped):
    """Those of eight times the features on both sides, the innermost left out: half of what they give."""
    layers = {
        number: each.p
        for number, block in enumerate(unet(downsamples=downsamples).up)
        for each in block
        if isinstance(each, nn.Dropout)
    }
    assert layers == dict.fromkeys(dropped, 0.5)
    assert not any(isinstance(each, nn.Dropout) for each in unet(dropout=False).modules())


@pytest.mark.parametrize(
    ("size", "padded"), [((256, 256), (256, 256)), ((192, 256), (256, 256)), ((1, 1), (256, 256))]
)
def test_images_of_the_stride_are_not_padded(size, padded):
    """They end in a single pixel, as in the paper."""
    model = Translator.from_config(
        {"inputs": {"source": {}}, "generator": {"type": "pix2pix/unet", "channels": 1}}
    )
    assert model.pad(torch.zeros(1, 3, *size)).shape[2:] == padded


def test_gradients_with_checkpointing_drop_the_same_features():
    plain = unet(downsamples=6, norm="instance").train()
    thrifty, found = copy.deepcopy(plain), []
    assert checkpoint_blocks(thrifty) == 12
    image = torch.randn(1, 3, 64, 64)
    for network in (plain, thrifty):
        torch.manual_seed(1)
        network(image).square().mean().backward()
        found.append([parameter.grad for parameter in network.parameters()])
    torch.testing.assert_close(*found)
