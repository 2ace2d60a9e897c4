"""The networks that judge: an image (N, 3, H, W) in [-1, 1] -> logits (N, classes, h, w).

One that takes `classes` is trained on a protocol's real images. Others come with their weights in a `file`,
and say how many `classes` they tell apart, and in `size` which input they want, where that is fixed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import is_zipfile

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit import weights
from synthkit.backbones import TimmFeatures
from synthkit.errors import DataError, did_you_mean, listed
from synthkit.registry import BACKBONES, JUDGES

OFFLINE = "the judge fpn is trained on the protocol's own images and needs no download (judge: {type: fpn})"


@JUDGES.register_module("smp")
class SegmentationModel(nn.Module):
    """A network of the package segmentation_models_pytorch on a pretrained backbone, for training.

    Images are normalised as the backbone wants them, and padded to the network's stride by their border.

    Args:
        architecture: such as fpn, unet, deeplabv3plus, upernet, pspnet, segformer.
        backbone: efficientnet_lite0, which needs no network, or {type: timm, model: NAME}.
    """

    def __init__(
        self, *, classes: int, architecture: str = "fpn", backbone: str | Mapping = "efficientnet_lite0"
    ):
        super().__init__()
        import segmentation_models_pytorch as smp

        if architecture not in smp.MODEL_ARCHITECTURES_MAPPING:
            known = smp.MODEL_ARCHITECTURES_MAPPING
            near = did_you_mean(architecture, known)
            raise ValueError(f"no architecture {architecture!r}.{near} Architectures: {listed(known)}")
        features = BACKBONES.build(backbone)
        if not isinstance(features, TimmFeatures):
            raise ValueError("backbone: one of timm is needed, efficientnet_lite0 or {type: timm, model: …}")
        encoder = f"tu-{features.network.pretrained_cfg['architecture']}"
        self.network = smp.create_model(architecture, encoder, encoder_weights=None, classes=classes)
        self.network.encoder.model.load_state_dict(features.network.state_dict())
        self.register_buffer("shift", features.shift, persistent=False)
        self.register_buffer("scale", features.scale, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        (height, width), stride = image.shape[-2:], self.network.encoder.output_stride
        padded = F.pad(image, (0, -width % stride, 0, -height % stride), mode="replicate")
        return self.network((padded - self.shift) * self.scale)[..., :height, :width]


@JUDGES.register_module("fpn")
def fpn(*, classes: int) -> SegmentationModel:
    """A feature pyramid (Kirillov et al., CVPR 2019) on the packaged efficientnet_lite0; needs no network."""
    return SegmentationModel(classes=classes)


@JUDGES.register_module("torchvision")
class Torchvision(nn.Module):
    """A segmentation network of torchvision with its published weights, for the 21 classes of Pascal VOC.

    Its file is fetched on first use. The protocol's `judge.labels` say which of the classes each label id is.

    Args:
        model: such as deeplabv3_resnet50, fcn_resnet101 or lraspp_mobilenet_v3_large.
    """

    def __init__(self, *, model: str):
        super().__init__()
        from torchvision import models

        known = models.list_models(module=models.segmentation)
        if model not in known:
            raise ValueError(f"no model {model!r}.{did_you_mean(model, known)} Models: {listed(known)}")
        published = models.get_model_weights(model).DEFAULT
        name = published.url.rpartition("/")[2]
        digits = Path(name).stem.rpartition("-")[2]  # the first of its SHA-256
        self.file = weights.fetch(name, published.url, sha256=digits, instead=OFFLINE)
        self.classes = len(published.meta["categories"])
        state = torch.load(self.file, map_location="cpu", weights_only=True)
        state = {key: value for key, value in state.items() if not key.startswith("aux_classifier.")}
        with torch.device("meta"):
            self.network = models.get_model(
                model, weights=None, weights_backbone=None, num_classes=self.classes
            )
        self.network.load_state_dict(state, assign=True)
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.normalise = Normalise(mean.tolist(), std.tolist())

    def forward(self, image: Tensor) -> Tensor:
        return self.network(self.normalise(image))["out"]


@JUDGES.register_module("export")
class Exported(nn.Module):
    """A network of one's own, written by torch.export.save: images (N, 3, H, W) -> logits (N, classes, h, w).

    A file of torch.export can hold code: name only files that you trust. Where its graph fixes N, that must
    be one; where it fixes H and W, images are resized to them.

    Args:
        path: a .pt2 file in the folder of weights files, or its whole path.
        mean, std: of red, green and blue; the network sees (image - mean) / std of images in 0..1.
    """

    def __init__(self, *, path: str, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        self.file = weights.folder() / Path(path).expanduser()
        self.normalise = Normalise(mean, std)
        if not self.file.is_file():
            raise DataError(f"there is no file {self.file} of the judge. Without it: {OFFLINE}")
        program = _program(self.file)
        (self.batch, *_, height, width), (_, self.classes, *_) = _shapes(program, self.file)
        self.size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        self.graph = program.module()

    def train(self, mode: bool = True) -> "Exported":
        """A graph has no modes."""
        return self

    def forward(self, image: Tensor) -> Tensor:
        image = self.normalise(image)
        if isinstance(self.batch, int):
            return torch.cat([self.graph(each) for each in image.split(1)])
        return self.graph(image)


class Normalise(nn.Module):
    """Images in [-1, 1] as a network wants them that was trained on (image - mean) / std of images in 0..1.

    Raises ValueError unless there are three values of each, those of std above zero.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(f"mean and std: three values each, std above 0, not {list(mean)}, {list(std)}")
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        return ((image + 1) / 2 - self.mean) / self.std


def _program(path: Path) -> torch.export.ExportedProgram:
    """What torch.export.save wrote to a file. Raises DataError for other files."""
    if not is_zipfile(path):  # torch would log a traceback
        raise DataError(f"{path} is no file of torch.export")
    try:
        return torch.export.load(path)
    except Exception as error:  # whatever torch makes of an archive of another kind
        raise DataError(f"{path} is no file of torch.export: {error}") from error


def _shapes(program: torch.export.ExportedProgram, path: Path) -> tuple[Sequence, Sequence]:
    """The shapes of the input and the output, whose free sizes are symbols. Raises DataError for others."""
    signature, nodes = program.graph_signature, {node.name: node for node in program.graph.nodes}
    ends = [signature.user_inputs, signature.user_outputs]
    shapes = [nodes[each[0]].meta["val"].shape for each in ends if len(each) == 1]
    fits = [len(shape) for shape in shapes] == [4, 4] and shapes[0][1] == 3
    if not fits or (isinstance(shapes[0][0], int) and shapes[0][0] != 1):
        found = ", ".join(str(tuple(shape)) for shape in shapes) or "several tensors"
        raise DataError(f"{path}: one image (N, 3, H, W) -> logits (N, classes, h, w) is needed, not {found}")
    return tuple(shapes)
