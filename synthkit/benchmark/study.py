"""An ablation study: variants of a base config, each trained with several seeds under one protocol."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from synthkit import build, config, runner
from synthkit.benchmark import protocol as protocols
from synthkit.benchmark.axes import MODES, Choice, check_mode, read_axes
from synthkit.benchmark.files import beside, locate, read
from synthkit.benchmark.protocol import Protocol
from synthkit.benchmark.trial import Trial, check_data, page
from synthkit.errors import ConfigError, DataError
from synthkit.section import Section

BASE = "base"
LONGEST_NAME = 80  # of a variant's folder


@dataclass(frozen=True, kw_only=True)
class Page:
    """The keys of a study's file.

    Args:
        summary: what it asks, in a sentence.
        protocol: a protocol's name or path: data, budget, judge and metrics of all variants.
        base: the config that is varied, its name or path.
        axes: what varies, `key.sub: [values]` or `name: {label: {key.sub: value, …}, …}`; the key `config` in
            place of `key.sub` replaces the base.
        overrides: laid over every variant's config, before what the axes say.
        mode: one_at_a_time, each value of each axis alone, or grid, all combinations.
        seeds: of the trainings; those of the protocol where it is absent.
    """

    summary: str
    protocol: str
    base: str
    axes: Mapping
    overrides: Sequence[str] = ()
    mode: str = "one_at_a_time"
    seeds: Sequence[int] | None = None

    def __post_init__(self):
        check_mode(self.mode)
        if self.seeds is not None and not (self.seeds and min(self.seeds) >= 0):
            raise ValueError(f"seeds is {list(self.seeds)}: whole numbers from 0 are needed")


@dataclass(frozen=True)
class Variant:
    """A config of a study.

    Attributes:
        name: its folder's.
        labels: what the file calls it: more than one where axes meet, none where it is the base alone.
        place: where the file says so.
        trial: that of seed 0.
        config: what the trial trains, its length aside.
    """

    name: str
    labels: tuple[str, ...]
    place: str
    trial: Trial
    config: Section = field(repr=False)

    @property
    def label(self) -> str:
        """What tables show."""
        if self.name != BASE:
            return " = ".join(self.labels)
        return f"{self.labels[0]} ({BASE})" if len(self.labels) == 1 else BASE

    @property
    def settings(self) -> dict[str, Any]:
        """The config's values by their dotted keys; what is null is left out, as if it were not there."""
        return {key: value for key, value, _ in config.flatten(self.config) if value is not None}


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study read from its file, its variants in the order of the file."""

    name: str
    summary: str
    protocol: Protocol
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]

    @property
    def base(self) -> Variant:
        """What the others are compared with."""
        return next(variant for variant in self.variants if variant.name == BASE)

    def trials(self, folder: Path) -> dict[Path, Trial]:
        """The trials by their folders below `folder`, all variants of the first seed first."""
        return {
            trial_folder(folder, variant, seed): replace(variant.trial, seed=seed)
            for seed in self.seeds
            for variant in self.variants
        }

    def check(self) -> None:
        """Build every variant, to raise what is wrong with it before any training.

        What is wrong with a variant is a ConfigError with the place in the study's file.
        """
        for variant in self.variants:
            for stage in config.stages(variant.config).values():
                with _said_of(variant.label, variant.place):
                    runner.check(stage)
            with _said_of(variant.label, variant.place):
                check_data(variant.config, self.protocol)


def trial_folder(folder: Path, variant: Variant, seed: int) -> Path:
    """Where a variant's trial of a seed lies."""
    return folder / variant.name / f"seed_{seed}"


def load(name: str | Path, **common: str) -> Study:
    """The study of a shipped name or of a YAML file; `common` are fields that all its trials share.

    Raises ConfigError, with the file and the YAML path, also for a variant whose config cannot be resolved.
    """
    path = locate(str(name), "studies")
    section = read(path)
    study = build.call(Page, section)
    where = beside(study.protocol, path)
    with build.place(section, "protocol"):
        protocol = protocols.load(where, common.get("root"))
    variants = _variants(
        study, section, path, protocol, Trial(method="", config="", protocol=where, **common)
    )
    return Study(
        name=path.stem,
        summary=study.summary,
        protocol=protocol,
        variants=tuple(variants),
        seeds=tuple(dict.fromkeys(study.seeds or protocol.seeds)),
    )


def _variants(study: Page, section: Section, path: Path, protocol: Protocol, trial: Trial) -> list[Variant]:
    """The base and what the axes make of it, each config once; the trials are `trial` with their configs."""
    trial = replace(
        trial, method=f"{path.stem}/{BASE}", config=beside(study.base, path), overrides=tuple(study.overrides)
    )
    with build.place(section, "base"):
        variants = [Variant(BASE, (), section.where("base"), trial, page(trial, protocol))]
    for choices in MODES[study.mode](read_axes(section["axes"])):
        variants.append(_variant(trial, choices, path, protocol))
    variants = _distinct(variants)
    if len(variants) == 1:
        raise ConfigError("every choice gives the base's config: nothing is varied", section.where("axes"))
    return variants


def _variant(base: Trial, choices: Sequence[Choice], path: Path, protocol: Protocol) -> Variant:
    """The base with some choices laid over it."""
    label, place = ", ".join(choice.label for choice in choices), choices[-1].place
    name = re.sub(r"[^\w.=-]+", "_", label).strip("._")[:LONGEST_NAME]
    configs = [beside(choice.config, path) for choice in choices if choice.config] or [base.config]
    overrides = (override for choice in choices for override in choice.overrides)
    trial = replace(
        base,
        method=f"{path.stem}/{name}",
        config=configs[-1],
        overrides=(*base.overrides, *overrides),
    )
    with _said_of(label, place):
        if name in ("", BASE):
            raise ConfigError("this label leaves no name for the variant's folder")
        return Variant(name, (label,), place, trial, page(trial, protocol))


def _distinct(variants: Sequence[Variant]) -> list[Variant]:
    """The variants with each config once; the base stands where a label names it first.

    Raises ConfigError for two whose folders would be the same.
    """
    found: dict[str, Variant] = {}
    for each in variants:
        key = config.dump(each.config)
        known = found.get(key, each)
        if known is not each:
            each = replace(known, labels=(*known.labels, *each.labels))
            if len(each.labels) == 1:
                del found[key]
        found[key] = each
    names: dict[str, Variant] = {}
    for each in found.values():
        if (other := names.setdefault(each.name.lower(), each)) is not each:
            raise ConfigError(f"{each.label!r} and {other.label!r} would have one folder", each.place)
    return list(found.values())


@contextmanager
def _said_of(label: str, place: str) -> Iterator[None]:
    """Say of an error raised inside which variant it concerns, and where that is written."""
    try:
        yield
    except (ConfigError, DataError) as error:
        raise ConfigError(f"variant {label!r}: {error}", place) from error
