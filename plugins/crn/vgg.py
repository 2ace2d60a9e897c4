"""VGG19 as the paper's loss sees through it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit import weights
from synthkit.errors import SynthkitError
from synthkit.registry import BACKBONES

FILE = "imagenet-vgg-verydeep-19.mat"
URL = f"https://www.vlfeat.org/matconvnet/models/{FILE}"
INSTEAD = (
    "another backbone, such as efficientnet_lite0, with divisors of its own, as configs/_base_/crn_small.yaml"
)
STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 2))  # channels, convolutions
MEAN = (123.68, 116.779, 103.939)  # of red, green and blue, in 0..255
PUBLISHED = (2.6, 4.8, 3.7, 5.6, 0.15)


@BACKBONES.register_module("crn/vgg19")
class VGG19(nn.Module):
    """Features of VGG19 (Simonyan and Zisserman, 2015) after conv1_2, 2_2, 3_2, 4_2 and 5_2 and their ReLU.

    As in CRN's code: MatConvNet's conversion of the original weights, images in 0..255 less the mean colour,
    and pools that average. `layer_weights` are the inverse of the paper's divisors.
    """

    layer_weights = tuple(1 / each for each in PUBLISHED)

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleDict(
            {name: nn.Conv2d(narrow, wide, 3, padding=1) for name, narrow, wide in _layout()}
        )
        path = weights.fetch(FILE, URL, instead=INSTEAD)
        self.convs.load_state_dict(read_convolutions(path, self.convs))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [-1, 1] -> five maps (N, C, h, w) of the size, half of it, … a sixteenth.

        Halves of odd sizes are rounded up.
        """
        features, x = [], (image + 1) * 127.5 - self.mean
        for name, conv in self.convs.items():
            if name.endswith("_1") and name != "conv1_1":
                x = F.avg_pool2d(x, 2, ceil_mode=True)  # the edge of an odd size counts, too
            x = F.relu(conv(x))
            if name.endswith("_2"):
                features.append(x)
        return features


def _layout() -> Iterator[tuple[str, int, int]]:
    """Name, input and output channels of each convolution."""
    channels = 3
    for stage, (width, count) in enumerate(STAGES, start=1):
        for number in range(1, count + 1):
            yield f"conv{stage}_{number}", channels, width
            channels = width


def read_convolutions(path: Path, convs: Mapping[str, nn.Conv2d]) -> dict[str, Tensor]:
    """The weights of `convs` by their names, from MatConvNet's file, whose filters are (h, w, in, out).

    Raises SynthkitError naming what the file lacks.
    """
    state = {}
    try:
        found = _read_layers(path)
        for name in convs:
            weight, bias = (torch.from_numpy(np.array(each, np.float32)) for each in found[name])
            state |= {f"{name}.weight": weight.permute(3, 2, 0, 1), f"{name}.bias": bias.flatten()}
    except KeyError as error:
        raise SynthkitError(f"{path} is not MatConvNet's {FILE}: it has no {error}") from error
    except Exception as error:  # scipy makes anything of a damaged file
        raise SynthkitError(f"{path} is damaged, or not MatConvNet's {FILE}: {error}") from error
    for name, conv in convs.items():
        shapes = [tuple(state[f"{name}.{key}"].shape) for key in ("weight", "bias")]
        wanted = [tuple(conv.weight.shape), tuple(conv.bias.shape)]
        if shapes != wanted:
            raise SynthkitError(f"{path}: filters and biases of {name} are {shapes}, not {wanted}")
    return state


def _read_layers(path: Path) -> dict[str, np.ndarray]:
    """Filters and biases by the layer's name."""
    from scipy.io import loadmat

    layers = [each for each in loadmat(path, squeeze_me=True)["layers"] if "weights" in each.dtype.names]
    return {str(each["name"][()]): each["weights"][()] for each in layers}
