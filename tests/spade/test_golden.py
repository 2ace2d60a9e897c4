"""Our networks with the authors' weights against the outputs of the authors' networks."""

import torch
from golden import close, under
from torch import nn
from torch.nn.utils import remove_spectral_norm

from synthkit.plugins import load as load_plugin
from synthkit.registry import GENERATORS, NORMS

load_plugin("spade")
from synthkit.plugins.spade.official import convert  # noqa: E402  (after the plugin is found)

SIGMA = -4.524277e-4  # the spectral norm by which the reference divided the second convolution


def test_norm(golden):
    tensors, original = golden("spade/spade_norm")
    spec = {"type": "spade/spatial", "norm": original["param_free"]}
    spec |= {key: original[key] for key in ("kernel", "hidden")}
    wired = {key: original[key] for key in ("channels", "condition_channels")}
    norm = NORMS.build(spec, **wired)
    names = {f"head_0.norm_0.{key}": value for key, value in under(tensors, "weights").items()}
    norm.load_state_dict(under(convert(names), "blocks.0.first.norm"))
    close(norm(tensors["input.features"], tensors["input.condition"]), tensors["output.features"], 1e-5)


def test_generator(golden):
    """To 1e-5, with the reference's own rounding of one number.

    The stored vectors are random, so that of a spectral norm's product, u W v, little is left: for one of the
    layers 4.5e-4 of terms a thousand times as large. Each matrix library rounds that sum in its own way, here
    by 1e-4 of it; the norms that follow on 2 x 2 pixels carry this into the image.
    """
    tensors, original = golden("spade/spade_generator_normal")
    spec = {"type": "spade/generator", "channels": original["ngf"], "upsampling": original["upsampling"]}
    network = GENERATORS.build(spec, in_channels=original["semantic_nc"]).eval()
    network.load_state_dict(convert(under(tensors, "weights")))
    condition, expected = tensors["input.condition"], tensors["output.image"]
    with torch.no_grad():
        image = network(condition)
        assert (image - expected).abs().mean() < 1e-5
        close(image, expected, 5e-4)
        _divide_by(network.blocks[0].second.conv, SIGMA)
        close(network(condition), expected, 1e-5)


def _divide_by(conv: nn.Conv2d, sigma: float) -> None:
    """Put another number in the place of a layer's spectral norm, from which it differs by rounding."""
    exact = conv.weight_u.double() @ conv.weight_orig.flatten(1).double() @ conv.weight_v.double()
    assert abs(exact / sigma - 1) < 1e-4
    weight = conv.weight_orig / sigma
    remove_spectral_norm(conv)
    conv.weight = nn.Parameter(weight)
