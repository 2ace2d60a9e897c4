"""A benchmark protocol: all that two numbers must have in common to be compared."""

import json
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from synthkit import build, config
from synthkit.benchmark import files
from synthkit.benchmark.content import Content, hash_of_json, survey
from synthkit.data import open_data
from synthkit.data.samples import Samples
from synthkit.errors import ConfigError, DataError, SynthkitWarning, shown
from synthkit.evaluate import Scores
from synthkit.inputs import build_inputs, sample_checks
from synthkit.registry import METRICS
from synthkit.section import Section, from_plain, plain

SHOWN_ONLY = ("root", "names", "palette", "instances")  # keys of `data` that no score depends on
BUDGETS = ("steps", "minutes")
_FOLDER = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*")


@dataclass(frozen=True, kw_only=True)
class Method:
    """What a protocol compares: a config's name or path, and overrides laid over it."""

    config: str
    overrides: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """The keys of a protocol's file.

    Args:
        version: raised whenever the file changes in a way that changes scores.
        summary: what it is for, in a sentence.
        base: a config's name or path; its `data` are the real images, its `model.inputs.label` the classes.
        overrides: laid over the base and over the config of each method.
        split: the split that is scored; nothing is trained or tuned on it.
        images: how many of its samples are scored, the first ones; all where it is null.
        data_hash: that of what they hold, where it is known: other files are refused.
        judge: the network that segments the images: a registered judge, its settings, and its training.
        metrics: registered metrics by name, each with its settings.
        samples: images of the same inputs that metrics of diversity compare.
        budget: {steps: N} or {minutes: M} of training for each method; {} leaves each config its own length.
        seeds: of the trainings, each from 0.
        methods: what is compared, by the names that tables show.
    """

    version: int
    summary: str
    base: str
    overrides: Sequence[str] = ()
    split: str = "val"
    images: int | None = None
    data_hash: str | None = None
    judge: Mapping | None = None
    metrics: Mapping = field(default_factory=dict)
    samples: int = 4
    budget: Mapping = field(default_factory=dict)
    seeds: Sequence[int] = (0,)
    methods: Mapping = field(default_factory=dict)

    def __post_init__(self):
        if not self.metrics:
            raise ValueError("metrics names none: without a metric there is nothing to score")
        for name, least in (("images", 1), ("samples", 2), ("version", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}: it must be {least} or more")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds is {list(self.seeds)}: different whole numbers from 0 are needed")


@dataclass(frozen=True, kw_only=True)
class Protocol(Page):
    """A protocol read from its file, `name` and `path`, with the resolved config of its `base`."""

    name: str
    path: Path
    config: Section

    @property
    def sha256(self) -> str:
        """The hash of what scores depend on; the methods, the seeds and where data lie are not among it."""
        data = {key: value for key, value in plain(self.config["data"]).items() if key not in SHOWN_ONLY}
        content = {
            "version": self.version,
            "data": data,
            "label": plain(self.config["model"]["inputs"].get("label")),
            **{key: plain(getattr(self, key)) for key in ("split", "images", "judge", "metrics", "samples")},
            "budget": plain(self.budget),
            "overrides": list(self.overrides),
        }
        return hash_of_json(content)

    @property
    def root(self) -> str | None:
        """The folder of the data; None for data without files."""
        return self.config["data"].get("root")

    @cached_property
    def inputs(self) -> dict:
        """The label input of the base by name; empty for a base without labels."""
        inputs = build.part(self.config["model"], "inputs")
        return build_inputs({key: value for key, value in inputs.items() if key == "label"})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, as far as the data have any."""
        return tuple(self.samples_of(self.split).data.names)

    def samples_of(self, split: str) -> Samples:
        """The real images of a split, with their labels where there are any, without random transforms.

        Raises DataError where the data are not there or wrong.
        """
        return open_data(
            self.config["data"],
            split,
            training=False,
            fields=("image", *self.inputs),
            seed=0,
            **sample_checks(self.inputs),
        )

    @cached_property
    def reference(self) -> Samples:
        """The real images that are scored against. Raises DataError where there are fewer than `images`."""
        samples = self.samples_of(self.split)
        if self.images is not None and len(samples) < self.images:
            raise DataError(
                f"the protocol {self.name} scores {self.images} images of split {self.split!r}, "
                f"which has {len(samples)}{at(self.root)}"
            )
        return samples

    @property
    def count(self) -> int:
        """How many images are scored."""
        return self.images or len(self.reference)

    @property
    def stems(self) -> tuple[str, ...]:
        """The names of the samples that are scored, in order."""
        return tuple(self.reference.data.stems[: self.count])

    @cached_property
    def content(self) -> Content:
        """What the scored samples hold, as they are scored: their hash, and the size of each.

        Raises DataError for other files than the protocol is for. Built-in data that libraries of another
        version paint in another way are a warning: their results stand in a table of their own.
        """
        found = survey(self.reference, self.count)
        if self.data_hash not in (None, found.sha256):
            message = (
                f"the protocol {self.name} is for data with the hash {self.data_hash[:8]}, "
                f"and these have {found.sha256[:8]}: other images or labels{at(self.root)}"
            )
            if self.root is not None:
                raise DataError(message)
            warnings.warn(message, SynthkitWarning, stacklevel=2)
        return found

    @property
    def data_sha256(self) -> str:
        """The hash of the names, labels and images that are scored."""
        return self.content.sha256

    def scores(self, judge=None) -> Scores:
        """Fresh accumulators of the metrics. Raises ConfigError for what the file gets wrong of them."""
        return Scores(self.metrics, **({} if judge is None else {"judge": judge}))


def load(name: str | Path, root: str | Path | None = None) -> Protocol:
    """The protocol of a shipped name or of a YAML file; `root` is the folder where its data lie.

    Raises ConfigError with the file and the YAML path.
    """
    path = files.locate(str(name), "protocols")
    section = files.read(path)
    page = build.call(Page, section)
    with build.place(section, "base"):
        resolved = _base(files.beside(page.base, path), page.overrides, root)
    for metric in page.metrics:
        with build.place(section["metrics"], metric):
            METRICS.get(metric)
            build.check_mapping(page.metrics[metric])
    methods = {name: _method(section["methods"], name, path) for name in page.methods}
    _check_budget(section, page)
    values = {key: getattr(page, key) for key in Page.__dataclass_fields__} | {"methods": methods}
    return Protocol(**values, name=path.stem, path=path, config=resolved)


def _base(name: str, overrides: Sequence[str], root: str | Path | None) -> Section:
    cfg = config.load(name, overrides)
    for key in ("model", "data"):
        build.need(cfg, key)
    if root is None:
        return cfg
    if "root" not in cfg["data"]:
        raise ConfigError(f"the data of {name} need no files, so no root: {root}")
    return config.load(name, [*overrides, *root_override(root)])


def root_override(root: str | Path | None) -> list[str]:
    """The override of a config that names the folder of the data, if one is given."""
    return [] if root is None else [f"data.root={json.dumps(str(root))}"]


def shipped() -> list[str]:
    """The names of the protocols that come with synthkit."""
    return files.shipped("protocols")


def _method(methods: Section, name: str, path: Path) -> Method:
    if not isinstance(name, str) or not _FOLDER.fullmatch(name):
        raise ConfigError(
            f"{shown(name)} is no name of a folder, which a method's runs need", methods.where(name)
        )
    spec = methods[name]
    spec = from_plain({"config": spec}) if isinstance(spec, str) else spec
    if not isinstance(spec, Section):
        raise ConfigError("a config's name, or a mapping with `config`, is needed", methods.where(name))
    method = build.call(Method, spec)
    return Method(config=files.beside(method.config, path), overrides=tuple(method.overrides))


def _check_budget(section: Section, page: Page) -> None:
    budget = page.budget
    if len(budget) > 1 or set(budget) - set(BUDGETS):
        raise ConfigError(
            f"one of {' and '.join(BUDGETS)} is needed, or none, not {shown(plain(budget))}",
            section.where("budget"),
        )
    for key, value in budget.items():
        wanted = int if key == "steps" else int | float
        if isinstance(value, bool) or not isinstance(value, wanted) or not 0 < value < math.inf:
            raise ConfigError(f"{shown(value)} is no length above 0", build.where(budget, key))


def at(root: str | None) -> str:
    """Where data lie, in words after what they are."""
    return "" if root is None else f" in {root}"
