"""Initial weights."""

from functools import partial

from torch import nn
from torch.nn.utils.parametrize import is_parametrized

_METHODS = {
    "normal": lambda gain: partial(nn.init.normal_, std=gain),
    "xavier": lambda gain: partial(nn.init.xavier_normal_, gain=gain),
    "kaiming": lambda gain: nn.init.kaiming_normal_,
    "orthogonal": lambda gain: partial(nn.init.orthogonal_, gain=gain),
}
_WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)


def initialize(
    module: nn.Module, method: str = "normal", gain: float = 0.02, *, zero_biases: bool = False
) -> nn.Module:
    """Draw the weights of every convolution and linear layer in `module`; return the module.

    Gains of batch norms are drawn from N(1, gain) as in DCGAN (Radford et al., 2016). Raises ValueError on
    another method.

    Args:
        method: normal, xavier or orthogonal, which use `gain`, or kaiming, which has its own.
        gain: the standard deviation of normal, 0.02 in the GAN papers; a factor of xavier and orthogonal.
        zero_biases: whether biases begin at zero, as in pix2pix and SPADE, or as torch draws them, as in
            pix2pixHD.
    """
    if method not in _METHODS:
        raise ValueError(f"no initialiser {method!r}: choose one of {', '.join(_METHODS)}")
    draw = _METHODS[method](gain)
    for layer in module.modules():
        if isinstance(layer, _WEIGHTED):
            draw(_drawn_weight(layer))
            if zero_biases and layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, gain)
            nn.init.zeros_(layer.bias)
    return module


def _drawn_weight(layer: nn.Module) -> nn.Parameter:
    """The weight itself; of a layer with spectral norm the tensor that is normalised."""
    if is_parametrized(layer, "weight"):
        return layer.parametrizations.weight.original
    return getattr(layer, "weight_orig", layer.weight)
