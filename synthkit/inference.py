"""A trained run as a callable model."""

import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from synthkit import build, checkpoint, config
from synthkit.data import open_data
from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples, to_tensors
from synthkit.data.splits import SplitName
from synthkit.data.transforms import PairedTransform
from synthkit.devices import pick_device, takes_bf16, to_device
from synthkit.errors import CheckpointError, ConfigError, DataError, SynthkitWarning
from synthkit.inputs import build_inputs, sample_checks
from synthkit.nn.norms import held_statistics
from synthkit.nn.precision import store_weights
from synthkit.nn.spectral import fold_spectral_norms
from synthkit.reading import InputReader, Picture
from synthkit.registry import DATASETS, ENCODERS
from synthkit.styles.choice import Chooser, ClassPicks, Pick, check_seed, draw_vector
from synthkit.styles.codes import Styles, load_styles
from synthkit.styles.regions import Regions, find_regions
from synthkit.translator import PRECISIONS, Translator

SINGLE_STYLE = "gives an image a single style, so none by class or instance"


def load(
    run: str | Path, *, best: bool = False, device: str = "auto", precision: str | None = None
) -> "Model":
    """The model of a run folder, or of one checkpoint in it, ready to translate.

    In place of a path, `run` may be the name of a model that comes with synthkit, such as "streets". Nothing
    but the run and the plugins it names is needed. Averaged weights are used where there are any. `best`
    takes the checkpoint with the best value of `train.best` instead of the newest. `precision` is fp32 or
    bf16, by default that of the training, and fp32 on a CPU that does not compute in bf16. In bf16 the
    weights of convolutions and linear layers take half the memory. A damaged newest checkpoint is passed over
    with a warning.
    Raises CheckpointError where there is no whole one or it does not fit the networks, ConfigError where its
    config builds none.
    """
    found, refused = checkpoint.find_best(Path(run)) if best else checkpoint.find(Path(run))
    for problem in refused:
        warnings.warn(f"passed over: {problem}", SynthkitWarning, stacklevel=2)
    cfg, place = config.from_dict(found.config, name=str(found.path)), pick_device(device)
    translator = restored(found, cfg, precision or (None if takes_bf16(place) else "fp32"))
    fold_spectral_norms(translator.networks)
    if dtype := PRECISIONS[translator.precision]:
        store_weights(translator.networks, dtype)
    return Model(translator.to(place), found, cfg)


def restored(found: checkpoint.Checkpoint, cfg: config.Section, precision: str | None = None) -> Translator:
    """The networks that translate, with a checkpoint's weights as training left them; raises as `load`."""
    precision = precision or build.need(cfg, "train").get("precision", "fp32")
    translator = Translator.from_config(build.need(cfg, "model"), precision=precision, training=False)
    networks = translator.networks
    checkpoint.restore_networks(found, networks, only=tuple(networks), averaged=found.is_averaged)
    return translator


def needed_options(cfg: Mapping) -> str:
    """What a model of this config needs to translate, as options of `synthkit translate`."""
    fields = {each.field: None for each in build_inputs(build.part(cfg["model"], "inputs")).values()}
    if "label" in fields and cfg["data"].get("instances") is not None:
        fields.pop("instance", None)  # computed from the labels
    if "source" in fields and hasattr(DATASETS.get(cfg["data"]["type"]), "source_half"):
        fields = {"pair" if field == "source" else field: None for field in fields}  # as it learned
    return " ".join(f"--{field} {field.upper()}" for field in fields)


def has_clustered_styles(cfg: Mapping) -> bool:
    """Whether `synthkit styles fit` is for models of this config: each instance has a style of its own."""
    encoder = cfg["model"].get("encoder")
    name = encoder.get("type") if isinstance(encoder, Mapping) else encoder
    return bool(encoder) and not getattr(ENCODERS.get(name), "gives_vector", False)


class Model:
    """A trained translator, the config it was trained with, and the checkpoint that it comes from."""

    def __init__(self, translator: Translator, source: checkpoint.Checkpoint, cfg: Mapping):
        self.translator, self.config = translator.eval(), cfg
        self.source, self.step = source, source.step
        self.read = InputReader(translator, build.need(cfg, "data"))
        self.transform = build.call(
            PairedTransform, build.part(build.need(cfg, "data"), "transform")
        ).evaluation()

    @property
    def fields(self) -> tuple[str, ...]:
        """The inputs that `translate` needs: some of label, instance, source and edge.

        `instance` is not among them where the training's `data.instances` computes it from `label`; in place
        of `edge` it takes `edge_from`, too.
        """
        return self.read.fields

    @cached_property
    def styles(self) -> Styles:
        """The run's style codes. Raises CheckpointError where there are none, or they do not fit."""
        if not self.translator.has_encoder:
            raise CheckpointError(f"{self.source.path} has no encoder, so no styles")
        if self.translator.has_style_vector:
            raise CheckpointError(f"the encoder of {self.source.path} {SINGLE_STYLE}")
        return load_styles(self.source, self.translator.networks["encoder"].out_channels)

    def translate(
        self,
        *,
        style: ClassPicks | None = None,
        instance_style: Mapping[int, Pick] | None = None,
        style_from: Picture | None = None,
        seed: int = 0,
        candidate: int | Literal["all"] = 0,
        **inputs: Picture | None,
    ) -> Image.Image | list[Image.Image]:
        """Synthesise a photo from `label`, `instance` and `source`, whichever the model reads.

        Each is a path, a PIL image or an array: (H, W) integer ids for label and instance, (H, W) or
        (H, W, C) values in the declared range for source. The colours or ids of a label file or image become
        the model's as in training; an array holds the model's own. Instances that training computed from
        label maps are computed from `label` where none are given. `edge` is a drawing, black on white or
        white on black, (H, W) or (H, W, C) values of any range; in its place `edge_from`, a photo as a path,
        a PIL image or (H, W, 3) uint8, gives its edges as in training. In place of `source`, `pair` is an
        image of two side by side, given like `edge_from`, if training had such. Inputs are resized as in
        training; the RGB image comes back in their own size.

        A model with an encoder gives each instance the style that is most common in its class, out of those
        that `synthkit styles fit` found. Without an `instance` map all pixels of a label are one instance.
        One whose encoder gives an image a single style draws it from the standard normal distribution.

        Args:
            style: other styles by class, such as {"car": 3, 1: 0}: a class's name or id, and the number of
                one of its clusters, or "sample" for one drawn at random. "sample" alone draws for every
                instance, {"all": "sample", "car": 3} for all but the cars.
            instance_style: the same by instance id, such as {26001: 4}, laid over the others as an edit: what
                is not named keeps its look, for the instance norms keep the statistics from before it. Where
                an instance covers much of the scene, that overshoots, and `style` is better.
            style_from: a photo of this scene, given like `edge_from`, whose instances give their styles in
                place of the most common ones; what is picked goes before it. Where an image has a single
                style, any photo of any size.
            seed: of the draws and of the noise where the model keeps its dropout, 0 or more. The same inputs
                and seed give the same image.
            candidate: which image of a model that makes several, from 0, or "all" for a list of them.

        Raises DataError for inputs that are missing, unwanted, of different sizes or out of range, and for
        styles and candidates that there are not; CheckpointError where the run has no styles yet.
        """
        options, drawn = {"seed": check_seed(seed), "candidate": candidate}, {}
        if self.translator.has_style_vector:
            drawn["style"] = self._vector(style or instance_style, style_from, seed)
            style_from = None
        given = {**inputs, "style_from": style_from}
        raw = self.read({field: value for field, value in given.items() if value is not None})
        if not raw:
            raise DataError("this model has no inputs, and nothing else says how large an image is wanted")
        height, width = next(iter(raw.values())).shape[:2]
        batch = self.batch(raw) | drawn
        if self.translator.has_encoder and not drawn:
            fake = self._translate_styled(batch, style or {}, instance_style or {}, **options)
        elif style or instance_style:
            raise DataError("this model has no encoder, so it takes no styles")
        else:
            fake = self.fakes(batch, **options)
        images = [picture(each, (width, height)) for each in fake.flatten(0, -4)]
        return images if candidate == "all" else images[0]

    def batch(self, raw: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """A batch of one out of arrays as `read` gives them, resized as in training."""
        sample = self.transform(raw)
        if "edge_from" in sample:
            sample["edge"] = self.translator.inputs["edge"].detector(sample["edge_from"])
        return {field: value.unsqueeze(0) for field, value in to_tensors(sample).items()}

    def samples(self, split: SplitName, *more: str) -> Samples:
        """A split of the model's own data as it reads it, without random transforms, and `more` fields of it.

        Raises ConfigError and DataError where the data cannot be opened or lack a field.
        """
        return open_data(
            build.need(self.config, "data"),
            split,
            training=False,
            fields=(*self.translator.fields, *more),
            optional=self.translator.optional_fields,
            seed=0,
            **sample_checks(self.translator.inputs),
        )

    def synthesise(self, batch: Mapping, *, seed: int = 0, sampled: bool = False) -> torch.Tensor:
        """The image (1, 3, H, W) in [-1, 1] for a batch of one, whose photo is not looked at.

        With an encoder, styles are the most common ones, or drawn by the seed if `sampled`; one that gives an
        image a single style always draws it. Raises CheckpointError where the run has no styles yet.
        """
        if not self.translator.has_encoder:
            return self.fakes(batch, seed=seed)
        unseen = {field: value for field, value in batch.items() if field != "image"}
        if self.translator.has_style_vector:
            style = draw_vector(self.translator.networks["encoder"].out_channels, seed)
            return self.fakes({**unseen, "style": style}, seed=seed)
        picks = {"all": "sample"} if sampled else {}
        return self._translate_styled(unseen, picks, {}, seed=seed, candidate=0)

    def variants(self, batch: Mapping, count: int, *, seed: int = 0) -> torch.Tensor:
        """Images (S, 1, 3, H, W) of the same inputs: all that a generator of several makes, else `count`.

        Those of a model without styles differ by its noise, if it keeps any.
        """
        if not self.translator.has_encoder:
            images = self.translator.candidates(to_device(batch, self.translator.device), seed=seed)
            if images.shape[1] > 1:
                return images.movedim(1, 0)
        return torch.stack([self.synthesise(batch, seed=seed + s, sampled=True) for s in range(count)])

    def encode(self, batch: Mapping, regions: Regions) -> torch.Tensor:
        """The style codes (R, F) of the instances of a batch of one, as the encoder sees its `image`.

        Raises ConfigError for an encoder that gives an image one code for all of it.
        """
        with torch.inference_mode():
            style, _ = self.translator.encode(to_device(batch, self.translator.device))
        if style.ndim != 4:
            raise ConfigError(
                f"the encoder gives an image one style, {tuple(style.shape)}: "
                "styles by class or instance need a map (N, F, H, W)"
            )
        return regions.gather(style[0])

    def render(self, batch: Mapping, regions: Regions, *codes: torch.Tensor, **options) -> list[torch.Tensor]:
        """Images (1, 3, H, W) in [-1, 1] of a batch of one for each of some codes (R, F).

        All but the first are edits of it: they share the statistics of its instance norms, so that an
        instance whose code changes takes little else along. `options` are those of `Translator.translate`.
        """
        edited = len(codes) > 1
        with held_statistics(self.translator.networks["generator"]) if edited else nullcontext():
            batches = ({**batch, "style": regions.scatter(each)} for each in codes)
            return [self.fakes(each, **options) for each in batches]

    def fakes(self, batch: Mapping, **options) -> torch.Tensor:
        """`Translator.translate` of a batch on any device."""
        return self.translator.translate(to_device(batch, self.translator.device), **options)

    def _translate_styled(
        self, batch: Mapping, style: ClassPicks, instance_style: Mapping[int, Pick], **options
    ) -> torch.Tensor:
        """The image (1, 3, H, W) with the styles that `translate` describes."""
        if "image" in batch and not style and not instance_style:
            return self.fakes(batch, **options)
        regions = find_regions(batch)
        chooser = Chooser(self.styles, regions, options["seed"])
        codes = self.encode(batch, regions) if "image" in batch else chooser.common()
        codes = chooser.by_class(codes, style)
        edited = [chooser.by_instance(codes, instance_style)] if instance_style else []
        return self.render(batch, regions, codes, *edited, **options)[-1]

    def style_vector(self, photo: Picture) -> torch.Tensor:
        """The style (1, F) of any photo, for an encoder that gives an image a single style."""
        batch = self.batch({"image": self.read.read("style_from", photo)})
        with torch.inference_mode():
            return self.translator.encode(to_device(batch, self.translator.device))[0].float().cpu()

    def _vector(self, picked: object, photo: Picture | None, seed: int) -> torch.Tensor:
        """The style (1, F) of a photo, or without one a draw. Raises DataError where others are picked."""
        if picked:
            raise DataError(
                f"this model's encoder {SINGLE_STYLE}: style_from takes a photo's, and seed draws another"
            )
        if photo is None:
            return draw_vector(self.translator.networks["encoder"].out_channels, seed)
        return self.style_vector(photo)


def picture(image: torch.Tensor, size: tuple[int, int]) -> Image.Image:
    """(3, H, W) in [-1, 1] as a picture of this width and height."""
    drawn = Image.fromarray(to_uint8(image.cpu()))
    return drawn if drawn.size == size else drawn.resize(size, Image.BICUBIC)
