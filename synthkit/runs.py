"""What runs there are, how far they are and how good."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthkit import lock, records
from synthkit.errors import DataError, did_you_mean, listed
from synthkit.paths import STAGES
from synthkit.scores import score

LONGEST_LABEL = 60  # letters


@dataclass(frozen=True)
class Best:
    """The best value of a score, and the step that reached it."""

    value: float
    step: int


@dataclass(kw_only=True)
class Run:
    """One run folder.

    Args:
        name: the path relative to the folder that was searched.
        state: running, finished, failed (by an error), stopped (by whatever else, before its end), imported
            (weights from elsewhere, not trained here), empty (nothing recorded), unreadable.
        note: why it ended early or cannot be read.
        step, steps: reached, and wanted.
        seconds: of training.
        updated: when it last recorded something, in seconds since 1970.
        last, best: scores of the last validation, and the best of all.
        size: bytes on disk.
    """

    folder: Path
    name: str
    state: str = "empty"
    note: str = ""
    step: int = 0
    steps: int | None = None
    seconds: float = 0.0
    updated: float = 0.0
    config: str = ""
    last: dict[str, float] = field(default_factory=dict)
    best: dict[str, Best] = field(default_factory=dict)
    size: int = 0


def find_runs(folders: Sequence[Path], sort: str | None = None) -> list[Run]:
    """The runs in and below some folders: the newest first, or by their best score of the metric `sort`.

    What cannot be read is a run too, with a note. Runs without that score come last. Raises DataError for a
    folder that is not there, and for a metric that no run has.
    """
    if missing := [folder for folder in folders if not folder.is_dir()]:
        raise DataError(f"there is no folder {missing[0]}")
    found = {run.folder.resolve(): run for top in folders for run in _below(top)}
    runs = sorted(found.values(), key=lambda run: run.updated, reverse=True)
    return runs if sort is None else _sorted(runs, sort)


def is_run(folder: Path) -> bool:
    """Whether a training has begun in this folder: a config alone may be anything."""
    marks = ("metrics.jsonl", "checkpoints", lock.NAME)
    return (folder / "config.yaml").is_file() and any((folder / mark).exists() for mark in marks)


def summarise(folder: Path, name: str = "") -> Run:
    """What a run folder's files tell; what cannot be read becomes its note."""
    run = Run(folder=folder, name=name or folder.resolve().name)
    try:
        _fill(run, records.read(folder / "metrics.jsonl", sparse=True))
        run.size = size_of(folder)
        if lock.is_held(folder):
            run.state = "running"
    except OSError as error:
        run.state, run.note = "unreadable", str(error)
    return run


def labels(folders: Sequence[Path]) -> dict[Path, str]:
    """As much of the end of each path as tells all apart, without an end that all share, and not too long."""
    parts = [folder.parts for folder in folders]
    while len({each[-1] for each in parts}) == 1:
        parts = [each[:-1] for each in parts]
    for count in range(1, max(map(len, parts)) + 1):
        ends = ["/".join(each[-count:]) for each in parts]
        if len(set(ends)) == len(folders):
            break
    short = [_shortened(label) for label in ends]
    return dict(zip(folders, short if len(set(short)) == len(folders) else ends, strict=True))


def _shortened(label: str) -> str:
    """The label, or its beginning and its end, which mostly tells more."""
    half = LONGEST_LABEL // 2
    return label if len(label) <= LONGEST_LABEL else f"{label[:half]}…{label[-half:]}"


def _below(top: Path) -> Iterator[Run]:
    """The runs of a folder, also those behind symbolic links; each place is looked at once."""
    refused: list[OSError] = []
    seen: set[str] = set()
    for path, folders, _ in os.walk(top, onerror=refused.append, followlinks=True):
        folder, place = Path(path), os.path.realpath(path)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        if is_run(folder):
            folders[:] = [each for each in folders if each == STAGES]  # a run holds no other runs
            yield summarise(folder, os.path.relpath(folder, top) if folder != top else "")
        folders[:] = sorted(each for each in folders if not each.startswith("."))
    for error in refused:
        folder = Path(error.filename)
        yield Run(folder=folder, name=os.path.relpath(folder, top), state="unreadable", note=str(error))


def _fill(run: Run, found: Sequence[dict]) -> None:
    """Set what the records tell."""
    file = run.folder / "metrics.jsonl"
    run.updated = (file if file.is_file() else run.folder).stat().st_mtime
    if not (starts := records.of_kind(found, "start")):
        run.state = "imported" if records.of_kind(found, "import") else run.state
        return
    start, last = starts[-1], found[-1]
    run.steps, run.config = start["steps"], config_name(start.get("config"))
    run.step = max(record["step"] for record in found)
    run.seconds = max((record["seconds"] for record in found if "seconds" in record), default=0)
    run.state = "stopped"
    if ends := records.of_kind(found, "end"):
        run.state = "finished"
        run.note = str(ends[-1].get("reason") or "") if last["step"] < run.steps else ""
    elif failures := records.of_kind(found, "failed"):
        run.state, run.note = "failed", failures[-1]["message"]
    _fill_scores(run, records.of_kind(found, "validation"))


def _fill_scores(run: Run, validations: Sequence[dict]) -> None:
    run.last = validations[-1]["scores"] if validations else {}
    for name in records.names(validations, "scores"):
        steps, values = records.curve(validations, "scores", name)
        if (best := score(name).best(values)) is not None:
            run.best[name] = Best(best, steps[values.index(best)])


def config_name(config: object) -> str:
    """`configs/METHOD/streets_64.yaml` is shown as METHOD/streets_64."""
    return "/".join(Path(re.sub(r"\.ya?ml$", "", str(config or ""))).parts[-2:])


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder and below it."""
    return sum(_bytes(Path(path) / file) for path, _, files in os.walk(folder) for file in files)


def _bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except FileNotFoundError:  # a running training removes old checkpoints
        return 0


def _sorted(runs: list[Run], metric: str) -> list[Run]:
    known = {name for run in runs for name in run.last | run.best}
    if metric not in known:
        raise DataError(
            f"no run has a score {metric!r}.{did_you_mean(metric, known)} Scores: {listed(known)}"
        )
    sign = -1 if score(metric).better == "higher" else 1

    def place(run: Run) -> tuple[bool, float]:
        value = run.best[metric].value if metric in run.best else run.last.get(metric)
        return (value is None, sign * (value or 0))

    return sorted(runs, key=place)
