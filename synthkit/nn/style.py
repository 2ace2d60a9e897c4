"""The style that an encoder gives, joined to the condition."""

import torch
from torch import Tensor


def with_style(condition: Tensor, style: Tensor | None) -> Tensor:
    """condition (N, C, H, W), style (N, F, H, W), or a vector (N, F) for each pixel -> (N, C + F, H, W)."""
    if style is None:
        return condition
    if style.ndim == 2:
        style = style[..., None, None].expand(-1, -1, *condition.shape[2:])
    return torch.cat([condition, style], 1)
