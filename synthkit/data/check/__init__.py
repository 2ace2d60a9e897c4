"""Reads a whole data set once and reports every problem in it, by kind, file and place."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthkit.build import call, part
from synthkit.data.check.kinds import Severity, severity
from synthkit.data.check.sample import Needs, Probe, Sighting
from synthkit.data.check.split import Split, listing_problems, name_problems, split_problems
from synthkit.data.files import FileData
from synthkit.data.parallel import Died, each
from synthkit.data.problems import Problem
from synthkit.data.samples import title
from synthkit.data.splits import SplitName, build_data, name_of_split, spread
from synthkit.data.transforms import PairedTransform
from synthkit.errors import DataError

Watch = Callable[[Iterable, int, str], Iterable]


@dataclass
class Report:
    """What a check found: a Split each for training, first, and for the other splits; class names by id."""

    splits: list[Split]
    needs: Needs
    names: tuple[str, ...] = ()

    @property
    def problems(self) -> list[Problem]:
        """All problems, split by split."""
        return [problem for split in self.splits for problem in split.problems]

    def count(self, kind: Severity) -> int:
        """How many problems are errors, or warnings."""
        return sum(severity(problem.kind) == kind for problem in self.problems)


def check(
    section: Mapping,
    splits: Sequence[SplitName],
    needs: Needs,
    *,
    workers: int | None = None,
    watch: Watch = lambda items, total, text: items,
    most: int | None = None,
) -> Report:
    """Read all samples of `splits` of the config's `data` section and list what is wrong with them.

    The first split is taken for the one that trains. `workers` are processes, one per core by default.
    `watch(items, total, text)` may show the progress of the items that it passes on. Of files, `most` samples
    per split are read, evenly spread, all by default.
    A bad file never raises; ConfigError is raised for a wrong config.
    """
    transform = call(PairedTransform, part(section, "transform"))
    report = Report([], needs)
    for number, name in enumerate(splits):
        split = Split(name_of_split(name))
        report.splits.append(split)
        own = dataclasses.replace(needs, batch_size=1)  # as validation reads
        chosen = transform.validation()
        if number == 0:
            own, chosen = dataclasses.replace(needs, fields=(*needs.fields, "image")), transform
        try:
            data = build_data(section, name)
        except DataError as error:
            split.problems.append(Problem("no data", f"split {split.name}", str(error)))
            continue
        data = spread(data, most) if most and isinstance(data, FileData) else data
        report.names = report.names or tuple(getattr(data, "names", ()))
        _read(split, data, watch(_sightings(data, own, workers), len(data), f"reading {split.name}"))
        split.problems += split_problems(split, own, chosen)
        if number == 0 and needs.classes is not None and "label" in split.fields:
            split.problems += name_problems(data, needs.classes)
        if isinstance(data, FileData) and isinstance(name, str):
            split.problems += listing_problems(data)
    _compare(report)
    return report


def _read(split: Split, data: Any, sightings: Iterable[Sighting]) -> None:
    split.samples, split.fields = len(data), tuple(data.fields)
    split.problems += getattr(data, "problems", ())
    began = time.perf_counter()
    for sighting in sightings:
        split.add(sighting)
    split.seconds = time.perf_counter() - began


def _sightings(data: Any, needs: Needs, workers: int | None) -> Iterator[Sighting]:
    for index, result in enumerate(each(Probe(data, needs), range(len(data)), workers)):
        yield _dead(data, index) if isinstance(result, Died) else result


def _dead(data: Any, index: int) -> Sighting:
    name = title(data, index)
    files = [str(paths[name]) for paths in getattr(data, "files", {}).values()]
    message = f"while it read {', '.join(files) or name}"
    problem = Problem("reader died", files[-1] if files else name, message)
    return Sighting(name, problems=[problem])


def _compare(report: Report) -> None:
    """Add what only shows beside the training split."""
    train, *others = report.splits
    classes = range(report.needs.classes or 0)
    lacking = [index for index in classes if train.maps and index not in train.maps]
    if lacking:
        train.problems.append(_unseen("class never seen", train, report, lacking))
    for split in others:
        shared = split.seen["image"].keys() & train.seen["image"].keys()
        for digest in sorted(shared, key=split.seen["image"].__getitem__):
            message = f"equals {train.seen['image'][digest]}"
            split.problems.append(Problem("photo in two splits", split.seen["image"][digest], message))
        new = [index for index in lacking if index in split.maps]
        if new:
            split.problems.append(_unseen("class only in validation", split, report, new))
        if split.samples and "image" not in split.fields:
            split.problems.append(Problem("no photos", f"split {split.name}", f"{split.samples} samples"))


def _unseen(kind: str, split: Split, report: Report, indices: Sequence[int]) -> Problem:
    named = [f"{index} {name_of(report.names, index)}".strip() for index in indices]
    return Problem(kind, f"split {split.name}", f"{len(named)}: {', '.join(named)}")


def name_of(names: Sequence[str], index: int) -> str:
    """The name of a class, empty where it has none."""
    return names[index] if index < len(names) else ""
