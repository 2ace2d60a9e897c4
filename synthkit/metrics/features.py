"""Pretrained networks that turn images into vectors or maps, shared by all metrics of a process."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit import weights
from synthkit.backbones import lite0_weights
from synthkit.errors import DataError

FID_WEIGHTS = "pt_inception-2015-12-05-6726825d.pth"
FID_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FID_WEIGHTS}"
FID_SIDE = 299


class Shared:
    """A pretrained network that follows the images to their device; it is loaded once, on first use.

    Convolutions keep float32 on every device (no TF32), so that scores of a GPU are those of a CPU.

    Args:
        make: returns the network, with its weights.
        view: turns images (N, 3, H, W) in [-1, 1] into what the network takes.
        least: the pixels that images need in height and width.
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        view: Callable[[Tensor], Tensor] = Tensor.float,
        *,
        least: int = 1,
    ):
        self._make, self._view, self.least = make, view, least

    @cached_property
    def network(self) -> nn.Module:
        return self._make().eval().requires_grad_(False)

    def load(self) -> "Shared":
        """Load it now. Raises SynthkitError where its weights are missing."""
        _ = self.network
        return self

    def __call__(self, images: Tensor) -> Any:
        """What the network gives for images (N, 3, H, W) in [-1, 1]. Raises DataError for too small ones."""
        if min(images.shape[2:]) < self.least:
            size = "x".join(map(str, images.shape[2:]))
            raise DataError(f"this metric's network takes images of {self.least} pixels or more, not {size}")
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            return self.network.to(images.device)(self._view(images))


def eight_bit(images: Tensor) -> Tensor:
    """Images in [-1, 1] as a PNG file would give them back: clipped and rounded, 0 to 255, float32."""
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round()


def bilinear(images: Tensor) -> Tensor:
    """What pytorch-fid makes of a PNG of each image: 299x299 in [-1, 1], bilinear without antialias."""
    return 2 * F.interpolate(eight_bit(images) / 255, (FID_SIDE, FID_SIDE), mode="bilinear") - 1


def clean(images: Tensor) -> Tensor:
    """299x299 in [-1, 1] as Pillow resizes each channel as floats: bicubic with antialias, then clipped.

    Parmar et al., "On Aliased Resizing and Surprising Subtleties in GAN Evaluation", CVPR 2022.
    """
    size = (FID_SIDE, FID_SIDE)
    resized = F.interpolate(eight_bit(images), size, mode="bicubic", antialias=True)
    return resized.clamp(0, 255) / 127.5 - 1


def fid_network() -> nn.Module:
    """The architecture of FID's Inception, without its weights: an image of 299x299 -> logits (N, 1008).

    torchvision's, with the blocks that pytorch-fid changes to be as in TensorFlow (Heusel et al., 2017).
    """
    from pytorch_fid import inception as blocks
    from torchvision.models import inception_v3

    network = inception_v3(num_classes=1008, aux_logits=False, init_weights=False)
    network.Mixed_5b = blocks.FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = blocks.FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = blocks.FIDInceptionA(288, pool_features=64)
    network.Mixed_6b = blocks.FIDInceptionC(768, channels_7x7=128)
    network.Mixed_6c = blocks.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6d = blocks.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6e = blocks.FIDInceptionC(768, channels_7x7=192)
    network.Mixed_7b = blocks.FIDInceptionE_1(1280)
    network.Mixed_7c = blocks.FIDInceptionE_2(2048)
    return network


@cache
def _inception() -> nn.Module:
    instead = (
        "the metrics fd_efflite0 and kd_efflite0 need no download; they are other numbers than FID and KID"
    )
    path = weights.fetch(FID_WEIGHTS, FID_URL, sha256="6726825d", instead=instead)
    with torch.device("meta"):
        network = fid_network()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), assign=True)
    network.fc = nn.Identity()
    return network


def _lite0() -> nn.Module:
    import timm

    with torch.device("meta"):
        network = timm.create_model("tf_efficientnet_lite0")
    network.load_state_dict(lite0_weights(), assign=True)
    network.classifier = nn.Identity()
    return network


def as_png(images: Tensor) -> Tensor:
    """Images (…, 3, H, W) as a PNG file would give them back, in [-1, 1]."""
    return eight_bit(images) / 127.5 - 1


INCEPTION = Shared(_inception, bilinear)  # (N, 2048), after the last average pooling
INCEPTION_CLEAN = Shared(_inception, clean)
LITE0 = Shared(_lite0, as_png, least=32)  # (N, 1280), after the last convolution, averaged over positions
