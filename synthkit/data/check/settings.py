"""The settings that would fit a data set, as YAML to paste into a config."""

import math
from collections import Counter

from synthkit.data.check import Report
from synthkit.data.check.maps import uses_little

UNLABELLED = 255
MOST = 512  # pixels of a side: fits into most memories
LEAST = 32  # networks halve their input a few times
OF_SIZE = ("smaller than the crop", "sizes vary in a batch", "padded to the stride")


def fitting_settings(report: Report) -> str:
    """`model.inputs`, `data.transform` and what `train` has to heed, as YAML; empty without any sample."""
    inputs = input_lines(report)
    lines = ["model:", "  inputs:", *(f"    {line}" for line in inputs)] if inputs else []
    return "\n".join([*lines, *_transform(report)])


def input_lines(report: Report) -> list[str]:
    """The lines of `model.inputs`."""
    fields = {key for split in report.splits for key in split.fields}
    lines = [_label(report) if "label" in fields else ""]
    lines += [_boundary(report) if "instance" in fields else ""]
    lines += [_source(report) if "source" in fields else ""]
    if "edge" in {*fields, *report.needs.fields} or fields == {"image"}:
        lines += ["edge: {}" if "edge" in fields else "edge: {}  # detected in the photos"]
    return [line for line in lines if line]


def label_ids(report: Report) -> tuple[int, int | None]:
    """How many classes take in all label ids of the data, and the ignored id, if there is one.

    255 counts as unlabelled unless ids come near to it.
    """
    ids = {index for split in report.splits for index in split.maps}
    ignore = report.needs.ignore if report.needs.ignore in ids else None
    if ignore is None and UNLABELLED in ids and not ids & set(range(200, UNLABELLED)):
        ignore = UNLABELLED
    return max(ids - {ignore}, default=-1) + 1, ignore


def _label(report: Report) -> str:
    found, ignore = label_ids(report)
    if found == 0:
        return ""
    declared = report.needs.classes or len(report.names)
    classes = declared if declared >= found and (ignore is None or ignore >= declared) else found
    end = f", ignore: {ignore}" if ignore is not None else ""
    return f"label: {{classes: {classes}{end}}}  # the maps hold ids up to {found - 1}"


def _boundary(report: Report) -> str:
    if any(split.has_objects for split in report.splits):
        return "boundary: {}"
    return "boundary: null  # the instance maps tell no objects apart"


def _source(report: Report) -> str:
    forms = Counter[str]()
    for split in report.splits:
        forms.update(split.forms.get("source", {}))
    if not forms:
        return ""
    channels, kind = forms.most_common(1)[0][0].rpartition(", ")[2].split(" x ")
    spans = [split.span for split in report.splits if split.span]
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    ends = _range(report, kind, low, high)
    span = f", range: [{', '.join(f'{end:.12g}' for end in ends)}]" if ends else ""
    return f"source: {{channels: {channels}{span}}}  # {kind}, from {low:g} to {high:g}"


def _range(report: Report, kind: str, low: float, high: float) -> tuple[float, float] | None:
    """The declared range if the values fit, else one that they fill; None for a type that they fill."""
    declared = report.needs.span
    if declared and declared[0] <= low <= high <= declared[1]:
        return declared
    if kind in ("uint8", "int8", "uint16", "int16") and not uses_little(kind, low, high):
        return None
    return (0, 2 ** int(high).bit_length() - 1) if kind == "uint16" else _rounded_out(low, high)


def _rounded_out(low: float, high: float) -> tuple[float, float]:
    """A range of short numbers that holds the given one: rounded outwards to a hundredth of its width."""
    step = 10.0 ** (math.floor(math.log10(high - low)) - 2) if high > low else 1.0
    return math.floor(low / step) * step, math.ceil(high / step + (high == low)) * step


def _transform(report: Report) -> list[str]:
    sizes = sum((split.sizes for split in report.splits), Counter())
    trained = report.splits[0].problems if report.splits else []  # only training crops
    if not sizes or not any(problem.kind in OF_SIZE for problem in trained):
        return ["# data.transform fits as it is"] if sizes else []
    stride = max(report.needs.stride, LEAST)
    if len(sizes) == 1:
        ((height, width),) = sizes
        even = [max(stride, round(side / stride) * stride) for side in (height, width)]
        note = f"all samples are {width}x{height}"
        if even == [height, width]:
            return [f"data: {{transform: {{flip: true}}}}  # {note}; smaller with resize: [height, width]"]
        return [
            f"data: {{transform: {{resize: {even}, flip: true}}}}  # {note}; the networks' stride is {stride}"
        ]
    short = min(min(size) for size in sizes)
    side = max(stride, round(min(short, MOST) / stride) * stride)
    note = f"{len(sizes)} sizes, the shortest side is {short}"
    return [f"data: {{transform: {{scale_short: {side}, crop: [{side}, {side}], flip: true}}}}  # {note}"]
