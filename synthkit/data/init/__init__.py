"""A config for a folder of somebody's own images."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml

from synthkit.build import without
from synthkit.config import from_dict
from synthkit.data.check import Report, check
from synthkit.data.check.sample import Needs
from synthkit.data.check.settings import UNLABELLED, input_lines
from synthkit.data.init.layouts import HELD_OUT, Layout, recognise
from synthkit.data.splits import TRAIN, splits_of_a_run
from synthkit.errors import DataError
from synthkit.registry import DATASETS

READ = 400  # samples per split
LONGEST, SHORTEST = 512, 256  # pixels, for the small networks
STEP = 32
SETTLED = ("range missing", "few of the values")  # by the config that is written
BASE = "_base_/default"
INSTANCES = "  # instances: {}  # makes an object of each connected area, for model.inputs.boundary: {}"


def draft(root: Path, watch=lambda items, total, text: items) -> tuple[Layout, Report, str]:
    """How the folder `root` is laid out, what some of its samples hold, and the text of a config for it.

    Raises DataError where the layout is not recognised, or a sample of each split cannot be read.
    """
    layout = recognise(root.expanduser().absolute())
    if layout.data.get("validation") == HELD_OUT and _has_one_sample(layout):
        layout.data["validation"] = TRAIN
        layout.notes = [*layout.notes[:-1], "there is one sample, which validates, too"]
    report = _survey(layout, watch)
    ids = {index for split in report.splits for index in split.maps}
    if ids == {0, UNLABELLED}:
        layout.data["labels"] = {"ids": {0: 0, UNLABELLED: 1}}
        layout.notes.append("the label maps hold 0 and 255 alone: 255 becomes class 1")
        report = _survey(layout, watch)
    layout.notes += _doubts(report)
    return layout, report, _config(layout, report)


def _has_one_sample(layout: Layout) -> bool:
    return len(DATASETS.build(without(layout.data, "validation"), split=TRAIN)) == 1


def _survey(layout: Layout, watch) -> Report:
    section = from_dict({"data": layout.data})["data"]
    report = check(section, splits_of_a_run(section), Needs(fields=()), watch=watch, most=READ)
    if not report.splits[0].sizes:
        problems = [f"{kind}: {place}: {message}" for kind, place, message in report.splits[0].problems[:3]]
        raise DataError("\n  ".join([f"{layout.data['root']}: no training sample can be read", *problems]))
    return report


def _doubts(report: Report) -> list[str]:
    notes = []
    if any(split.samples == READ for split in report.splits):
        notes.append(f"only {READ} samples of a split were read: classes that are rare may be missing")
    kinds = Counter(problem.kind for problem in report.problems if problem.kind not in SETTLED)
    if kinds:
        listed = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
        notes.append(f"there are problems, which data check shows: {listed}")
    return notes


def _config(layout: Layout, report: Report) -> str:
    fields = report.splits[0].fields
    counts = " and ".join(f"{split.samples} {split.name}" for split in report.splits)
    return "\n".join(
        [
            f"# {layout.name}: {counts} samples of {', '.join(fields)}",
            f"_base_: {BASE}",
            "model:",
            "  inputs:",
            *(f"    {line}" for line in input_lines(report)),
            "data:",
            *_yaml(layout.data),
            *([INSTANCES] if "label" in fields and "instance" not in fields else []),
            *_transform(report),
            "train:",
            "  steps: 20000",
            "  batch_size: 2",
            "",
        ]
    )


def _yaml(data: Mapping) -> list[str]:
    """A line for each key; only colours are many enough to need more."""
    style = dict(allow_unicode=True, default_flow_style=True, width=90, sort_keys=False)
    lines = []
    for key, value in data.items():
        first, *rest = yaml.safe_dump({key: value}, **style).strip()[1:-1].splitlines()
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    return lines


def _transform(report: Report) -> list[str]:
    """A size that small networks can take, and why; a multiple of 32 whatever the images are."""
    sizes = sum((split.sizes for split in report.splits), Counter())
    if len(sizes) > 1:
        short = min(min(size) for size in sizes)
        side = _even(min(SHORTEST, short))
        note = f"the images have {len(sizes)} sizes, the shortest side is {short}"
        return [f"  # {note}", f"  transform: {{scale_short: {side}, crop: [{side}, {side}], flip: true}}"]
    ((height, width),) = sizes
    scale = min(1, LONGEST / max(height, width))
    target = [_even(side * scale) for side in (height, width)]
    resize = "" if target == [height, width] else f"resize: {target}, "
    return [f"  # all images are {width}x{height}", f"  transform: {{{resize}flip: true}}"]


def _even(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)
