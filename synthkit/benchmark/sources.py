"""What is scored: the images that a run makes, or a folder of images from anywhere."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol as Interface

import torch
from PIL import Image
from torch import Tensor

from synthkit import config
from synthkit.benchmark.content import check_apart
from synthkit.benchmark.origin import Origin, origin_of_folder, origin_of_run
from synthkit.benchmark.protocol import Protocol, root_override
from synthkit.data import open_data
from synthkit.data.files import list_files
from synthkit.data.images import guarded, read_photo
from synthkit.data.loader import sequence
from synthkit.data.parallel import Died, each
from synthkit.data.problems import refusal
from synthkit.data.samples import Samples, to_tensors
from synthkit.data.splits import TRAIN, build_data
from synthkit.devices import pick_device
from synthkit.errors import ConfigError, DataError
from synthkit.inference import load
from synthkit.inputs import sample_checks

LISTED = 5  # names in a message


class Source(Interface):
    """Makes the images that are scored. Raises what is wrong with it before anything is computed."""

    origin: Origin
    device: torch.device

    def batches(self, count: int) -> Iterator[Mapping]:
        """For each of the first samples of the protocol, in order, what `fake` needs."""

    def fake(self, batch: Mapping, real: Tensor, *, seed: int) -> Tensor:
        """The image (1, 3, H, W) in [-1, 1] of a batch. Raises DataError where it stands for another."""

    def variants(self, batch: Mapping, count: int, *, seed: int) -> Tensor:
        """Images (S, 1, 3, H, W) of the same inputs, for metrics of diversity."""


class RunSource:
    """A run, or a checkpoint in it, whose config says how it reads the data; `root` is where they lie."""

    def __init__(self, run: Path, protocol: Protocol, *, root: str | None = None, device: str = "auto"):
        self.model, self.run = load(run, device=device), run
        overrides = root_override(root) if "root" in self.model.config["data"] else []
        data = config.from_dict(self.model.config, str(run), overrides)["data"]
        self.samples = self._open(data, protocol.split)
        _check_names(
            self.samples.data.stems, protocol, f"split {protocol.split!r} of the data that {run} reads"
        )
        self._check_equal(self.samples[0]["image"], protocol.reference[0]["image"], protocol.stems[0])
        own = self.model.config["data"]  # what it was trained on may still lie there
        trained = [data] if data.get("root") == own.get("root") else [data, own]
        apart = [self._check_apart(each, protocol) for each in trained]
        self.origin = origin_of_run(self.model, protocol, apart=any(apart))

    @property
    def device(self) -> torch.device:
        return self.model.translator.device

    def batches(self, count: int) -> Iterator[Mapping]:
        return sequence(self.samples, 1, workers=1, indices=range(count))

    def fake(self, batch: Mapping, real: Tensor, *, seed: int) -> Tensor:
        self._check_equal(batch["image"][0], real[0], batch["name"][0])
        return self.model.synthesise(batch, seed=seed)

    def variants(self, batch: Mapping, count: int, *, seed: int) -> Tensor:
        return self.model.variants(batch, count, seed=seed)

    def _open(self, data: Mapping, split: str) -> Samples:
        translator = self.model.translator
        return open_data(
            data,
            split,
            training=False,
            fields=(*translator.fields, "image"),
            optional=translator.optional_fields,
            seed=0,
            **sample_checks(translator.inputs),
        )

    def _check_apart(self, data: Mapping, protocol: Protocol) -> bool:
        """Whether the training data are at hand. Raises DataError where they hold a scored image."""
        try:
            trained = build_data(data, TRAIN)
        except (DataError, ConfigError):
            return False
        check_apart(protocol.reference.data, trained)
        return len(trained) > 0

    def _check_equal(self, image: Tensor, real: Tensor, name: str) -> None:
        """Raise DataError unless the run reads the photo that the protocol scores."""
        if not torch.equal(image, real):
            raise DataError(
                f"the data of {self.run} hold another {name} ({_size(image)}) than the protocol scores "
                f"({_size(real)}): another size, or another image"
            )


class FolderSource:
    """A folder of images, NAME.png for each sample NAME of the protocol, whatever made them."""

    def __init__(self, folder: Path, protocol: Protocol, *, device: str = "auto"):
        found, problems = list_files(folder)
        if problems:
            raise refusal(problems)
        stems, self.device = protocol.stems, pick_device(device)
        if unknown := [stem for stem in found if stem not in stems]:
            raise DataError(f"{folder} holds {_some(unknown)}, which {protocol.name} does not score")
        known = [stem for stem in stems if stem in found]
        _check_names(known, protocol, str(folder))
        self.files = [found[stem] for stem in known]
        sizes = [protocol.content.sizes[stem] for stem in known]
        for outcome in each(_check_file, list(zip(self.files, sizes, strict=True))):
            if isinstance(outcome, Died):
                raise DataError(f"{outcome.item[0]} ended the process that read it")
        self.origin = origin_of_folder(folder, self.files)

    def batches(self, count: int) -> Iterator[Mapping]:
        for path in self.files[:count]:
            image = to_tensors({"image": read_photo(path)})["image"][None]
            yield {"image": image.to(self.device), "path": path}

    def fake(self, batch: Mapping, real: Tensor, *, seed: int) -> Tensor:
        return batch["image"]

    def variants(self, batch: Mapping, count: int, *, seed: int) -> Tensor:
        raise DataError(f"{batch['path'].parent} holds one image of each sample: diversity needs a run")


def _check_names(names: Sequence[str], protocol: Protocol, what: str) -> None:
    """Raise DataError unless the samples that the protocol scores come first."""
    if missing := [name for name in protocol.stems if name not in names]:
        raise DataError(
            f"{what} lacks {_some(missing)} of the {protocol.count} samples that {protocol.name} scores"
        )
    if tuple(names[: protocol.count]) != protocol.stems:
        raise DataError(f"{what} holds other samples among those that {protocol.name} scores: {_some(names)}")


def _check_file(item: tuple[Path, tuple[int, int]]) -> None:
    """Raise DataError unless the file of a (file, size) is a whole and lossless RGB of that size."""
    path, size = item
    with guarded(path), Image.open(path) as image:
        if image.format in ("JPEG", "MPO", "WEBP") or image.info.get("compression") == "jpeg":
            raise DataError(f"{path} is {image.format}, which changes pixels: score the images as PNG")
        if image.mode != "RGB":
            raise DataError(f"{path} has mode {image.mode}: metrics need three channels of 8 bit, RGB")
    height, width = read_photo(path).shape[:2]
    if (height, width) != size:
        raise DataError(f"{path} is {width}x{height}, and the real image {size[1]}x{size[0]}")


def _size(image: Tensor) -> str:
    return f"{image.shape[-1]}x{image.shape[-2]}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{', '.join(names[:LISTED])}{more}"
