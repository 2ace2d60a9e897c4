"""The instance encoder (section 3.4)."""

from collections.abc import Mapping

import torch
from einops import rearrange
from torch import Tensor, nn

from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.plugins.pix2pixhd.generator import GlobalGenerator
from synthkit.registry import ENCODERS


def instance_mean(features: Tensor, instance: Tensor) -> Tensor:
    """Replace each value by its mean over the instance it lies in, image by image.

    features (N, F, H, W), instance (N, 1, H, W) ids of any size and sign -> (N, F, H, W).
    """
    count, _, height, _ = features.shape
    ids = instance.long() - instance.min()
    image = torch.arange(count, device=instance.device).view(-1, 1, 1, 1)
    keys = (ids + image * (ids.max() + 1)).flatten()
    _, region, pixels = torch.unique(keys, return_inverse=True, return_counts=True)
    flat = rearrange(features, "n c h w -> (n h w) c").float()
    sums = flat.new_zeros(pixels.shape[0], flat.shape[1]).index_add(0, region, flat)
    means = (sums / pixels.unsqueeze(1))[region].to(features.dtype)
    return rearrange(means, "(n h w) c -> n c h w", n=count, h=height)


@ENCODERS.register_module("pix2pixhd/instance_encoder")
class InstanceEncoder(nn.Module):
    """Low-dimensional features of an image, averaged over each instance: its style.

    An encoder-decoder without residual blocks, and an instance-wise average pooling after it.

    Args:
        out_channels: numbers per instance, its style.
        channels: features at full size, doubled by each downsample.
        downsamples: how often the size is halved.
        norm: a norm by its name or as a mapping with its settings.
        upsample: transposed (a transposed convolution, as in the paper) or resize (pixels repeated, then a
            convolution), which leaves no checkerboard; the weights do not fit each other.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        *,
        channels: int = 16,
        downsamples: int = 4,
        norm: str | Mapping | NormFactory = "instance",
        upsample: str = "transposed",
    ):
        super().__init__()
        self.out_channels = out_channels
        self.network = GlobalGenerator(
            in_channels,
            out_channels,
            channels=channels,
            downsamples=downsamples,
            blocks=0,
            norm=norm_factory(norm),  # its input is a photo, no condition for a norm
            upsample=upsample,
        )
        self.stride = self.network.stride

    def forward(self, image: Tensor, instance: Tensor) -> tuple[Tensor, dict]:
        """(N, 3, H, W) in [-1, 1] and (N, 1, H, W) ids -> style (N, out_channels, H, W), no extras."""
        return instance_mean(self.network(image), instance), {}
