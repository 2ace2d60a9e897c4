"""A trained run as a callable model."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit import build, checkpoint, config
from synthkit.data.edges import find_lines
from synthkit.data.files import READERS
from synthkit.data.images import ID_MODES, read_photo
from synthkit.data.instances.computed import build_instances
from synthkit.data.labels import LabelReader
from synthkit.data.pictures import to_uint8
from synthkit.data.samples import check_ids, check_label, check_sizes, to_tensors
from synthkit.data.sources import source_array, source_image
from synthkit.data.transforms import MAPS, PairedTransform
from synthkit.devices import pick_device, to_device
from synthkit.errors import DataError
from synthkit.nn.precision import store_weights
from synthkit.registry import DATASETS
from synthkit.translator import PRECISIONS, Translator

Picture = str | Path | Image.Image | np.ndarray


def load(
    run: str | Path, *, best: bool = False, device: str = "auto", precision: str | None = None
) -> "Model":
    """The model of a run folder, or of one checkpoint in it, ready to translate.

    Nothing but the run and the plugins it names is needed. Averaged weights are used where there are any.
    `best` takes the checkpoint with the best value of `train.best` instead of the newest. `precision` is fp32
    or bf16, by default that of the training; in bf16 the weights of convolutions and linear layers take half
    the memory. A damaged newest checkpoint is passed over with a warning.
    Raises CheckpointError where there is no whole one or it does not fit the networks, ConfigError where its
    config builds none.
    """
    found, refused = checkpoint.find_best(Path(run)) if best else checkpoint.find(Path(run))
    for problem in refused:
        warnings.warn(f"passed over: {problem}", stacklevel=2)
    cfg = config.from_dict(found.config, name=str(found.path))
    precision = precision or build.need(cfg, "train").get("precision", "fp32")
    translator = Translator.from_config(build.need(cfg, "model"), precision=precision, training=False)
    checkpoint.restore_networks(
        found, translator.networks, only=tuple(translator.networks), averaged=found.is_averaged
    )
    if dtype := PRECISIONS[precision]:
        store_weights(translator.networks, dtype)
    return Model(translator.to(pick_device(device)), found, cfg)


class Model:
    """A trained translator, the config and the step it was trained with."""

    def __init__(self, translator: Translator, source: checkpoint.Checkpoint, cfg: Mapping):
        self.translator, self.config, self.step = translator.eval(), cfg, source.step
        self.read_label = _label_reader(build.need(cfg, "data"))
        self.make_instances = build_instances(build.need(cfg, "data"))
        self.transform = build.call(
            PairedTransform, build.part(build.need(cfg, "data"), "transform")
        ).evaluation()

    @property
    def fields(self) -> tuple[str, ...]:
        """The inputs that `translate` wants: some of label, instance, source, image.

        `instance` is not among them where the training's `data.instances` computes it from `label`; in place
        of `edge` it takes `edge_from`, too.
        """
        computed = {"instance"} if self.make_instances and "label" in self.translator.fields else set()
        return tuple(field for field in self.translator.fields if field not in computed)

    def translate(self, **inputs: Picture | None) -> Image.Image:
        """Synthesise a photo from `label`, `instance` and `source`, whichever the model reads.

        Each is a path, a PIL image or an array: (H, W) integer ids for label and instance, (H, W) or
        (H, W, C) values in the declared range for source. The colours or ids of a label file or image become
        the model's as in training; an array holds the model's own. A model with an encoder takes its styles
        from `image`, a photo as a path, a PIL image or (H, W, 3) uint8. Instances that training computed
        from label maps are computed from `label` where none are given. `edge` is a drawing, black on white or
        white on black, (H, W) or (H, W, C) values of any range; in its place `edge_from`, a photo like
        `image`, gives its edges as in training. Inputs are resized as in training;
        the RGB image comes back in their own size.
        Raises DataError for inputs that are missing, unwanted, of different sizes or out of range.
        """
        raw = self._read({field: value for field, value in inputs.items() if value is not None})
        height, width = next(iter(raw.values())).shape[:2]
        sample = self.transform(raw)
        if "edge_from" in sample:
            sample["edge"] = self.translator.inputs["edge"].detector(sample["edge_from"])
        tensors = to_tensors(sample)
        batch = {field: value.unsqueeze(0) for field, value in tensors.items()}
        fake = self.translator.translate(to_device(batch, self.translator.device))
        image = Image.fromarray(to_uint8(fake[0].cpu()))
        return image if image.size == (width, height) else image.resize((width, height), Image.BICUBIC)

    def _read(self, inputs: Mapping[str, Picture]) -> dict[str, np.ndarray]:
        """Arrays of the inputs, checked as training checks them."""
        found = ["edge" if field == "edge_from" else field for field in inputs]
        if not set(self.fields) <= set(found) <= set(self.translator.fields) or len(set(found)) < len(found):
            given = ", ".join(inputs) or "nothing"
            raise DataError(f"this model translates {' + '.join(self.fields)}; it was given {given}")
        arrays = {
            field: _label(self.read_label, value) if field == "label" else _array(field, value)
            for field, value in inputs.items()
        }
        places = {
            field: str(value) if isinstance(value, (str, Path)) else field for field, value in inputs.items()
        }
        check_sizes({field: (array, places[field]) for field, array in arrays.items()})
        if "label" in arrays:
            label = self.translator.inputs["label"]
            check_label(arrays["label"], label.channels, label.ignore, places["label"])
        if "instance" in self.translator.fields and "instance" not in arrays:
            arrays["instance"] = self.make_instances(arrays["label"], places["label"])
        elif "instance" in arrays:
            check_ids(arrays["instance"], places["instance"])
        if "source" in arrays:
            source = self.translator.inputs["source"].format
            arrays["source"] = source.scale(arrays["source"], places["source"])
        return arrays


def _label_reader(data: Mapping) -> LabelReader:
    """The reader that the training's data set has for label files; a plain one where it has none."""
    kind = DATASETS.get(data["type"]) if data.get("type") in DATASETS else None
    return kind.label_reader(data) if hasattr(kind, "label_reader") else LabelReader()


def _label(read: LabelReader, value: Picture) -> np.ndarray:
    """A file or a PIL image is read as training reads files; an array holds the model's own ids."""
    if isinstance(value, (str, Path)):
        return read(value)
    if isinstance(value, Image.Image):
        return read.convert(
            np.array(value.convert("RGB")) if read.coloured else _array("label", value), "label"
        )
    return np.asarray(value)


def _array(field: str, value: Picture) -> np.ndarray:
    """An input as the reader of its field would give it."""
    if isinstance(value, (str, Path)):
        return READERS.get(field, read_photo)(Path(value))
    if field == "edge":
        return find_lines(source_image(value) if isinstance(value, Image.Image) else value, field)
    if field == "source":
        return source_image(value) if isinstance(value, Image.Image) else source_array(value, field)
    ids = field in MAPS
    if isinstance(value, Image.Image):
        if ids and value.mode not in ID_MODES:
            raise DataError(f"{field} holds one id per pixel: a PIL image of mode {value.mode} cannot")
        return np.array(value if ids else value.convert("RGB"))
    array = np.asarray(value)
    if not ids and (array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3):
        raise DataError(f"{field} must be (H, W, 3) uint8, not {array.shape} {array.dtype}")
    return array
