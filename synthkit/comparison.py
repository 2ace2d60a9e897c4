"""One page that holds several runs against each other: curves, scores, samples, configs."""

import filecmp
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from synthkit import config, quantities, records
from synthkit.charts import COLOURS, Curve, line_chart, stretches
from synthkit.config_differences import differences
from synthkit.errors import ConfigError, DataError
from synthkit.pages import thinned, write_page
from synthkit.runs import Run, is_run, labels, summarise
from synthkit.sample_files import HEADINGS, Scenes, read_samples
from synthkit.scores import score

LEAST, MOST = 2, len(COLOURS)
SUFFIXES = (".html", ".htm")
MOST_STEPS, MOST_POINTS = 40, 300  # of samples; of a curve
REFERENCES = ("label", "source", "edge", "real")
TRAINING_ALONE = ("data.transform.flip",)  # keys of `data` that do not concern validation
UNITS = ((7200, "hours", 3600), (120, "minutes", 60), (0, "seconds", 1))  # from so many seconds on


@dataclass
class Entry:
    """One of the runs: what its folder holds, and how it is called and coloured in the page."""

    folder: Path
    label: str
    number: int
    summary: Run
    records: list[dict]
    config: dict[str, Any]
    samples: dict[int, Scenes] = field(repr=False)

    @property
    def colour(self) -> str:
        return COLOURS[self.number]

    @cached_property
    def clock(self) -> tuple[list[int], list[float]]:
        """Steps and the seconds of training that they were reached after."""
        timed = [record for record in records.of_kind(self.records, "train") if "seconds" in record]
        return [0, *(r["step"] for r in timed)], [0.0, *(r["seconds"] for r in timed)]


def compare(runs: Sequence[str | Path], out: str | Path) -> Path:
    """Write a page that compares two to eight runs; return its path.

    Pictures of runs below the page's folder are linked, so that the folder can be moved as a whole; those of
    other runs are copied into OUT's name with `_files`. Runs may lack scores, samples or an end.
    Raises DataError for too few or many runs, one that is named twice, a folder that is no run, and an `out`
    that is no name of a page or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in SUFFIXES:  # a slip must not cost the config or the photo that lies there
        raise DataError(f"the page is to be written to a .html file, not to {out}")
    entries = _entries([Path(run).resolve() for run in runs])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return write_page(out, "compare.html.j2", _content(entries, out))
    except OSError as error:  # it names the file, which may be a picture that is copied
        raise DataError(f"{out} cannot be written: {error}") from error


def _entries(folders: Sequence[Path]) -> list[Entry]:
    if not LEAST <= len(folders) <= MOST:
        raise DataError(f"{LEAST} to {MOST} runs can be compared, not {len(folders)}")
    for folder in folders:
        if not is_run(folder):
            raise DataError(f"{folder} is no run folder")
        if folders.count(folder) > 1:
            raise DataError(f"{folder} is named twice")
    return [_entry(folder, label, number) for number, (folder, label) in enumerate(labels(folders).items())]


def _entry(folder: Path, label: str, number: int) -> Entry:
    try:
        settings = {key: value for key, value, _ in config.flatten(config.load(folder / "config.yaml"))}
        known = records.read(folder / "metrics.jsonl")
    except (ConfigError, OSError) as error:
        raise DataError(f"the run {folder} cannot be read: {error}") from error
    return Entry(folder, label, number, summarise(folder), known, settings, read_samples(folder))


def _content(entries: Sequence[Entry], out: Path) -> dict:
    return {
        "title": f"Comparison of {len(entries)} runs",
        "entries": [_row(entry, out) for entry in entries],
        "metrics": _metrics(entries),
        "cautions": cautions(entries),
        "sections": [
            {"title": "Scores", "charts": _charts(entries, "scores"), "note": "of the validations"},
            {
                "title": "Losses",
                "charts": _charts(entries, "losses"),
                "note": "pale as logged and bold smoothed",
            },
            {"title": "Signals", "charts": _charts(entries, "signals"), "note": "of a training's health"},
        ],
        "time_unit": _time_unit(entries)[0],
        "samples": _samples(entries, out),
        "differences": differences([entry.config for entry in entries]),
    }


def _row(entry: Entry, out: Path) -> dict:
    run, report = entry.summary, entry.folder / "report.html"
    starts = records.of_kind(entry.records, "start")
    counts = starts[-1].get("parameters", {}) if starts else {}
    return {
        "label": entry.label,
        "folder": str(entry.folder),
        "colour": entry.colour,
        "report": _relative(report, out) if report.is_file() else None,
        "config": run.config,
        "state": run.state,
        "progress": f"{run.step}" if run.step == run.steps else f"{run.step} of {run.steps or '?'}",
        "time": quantities.words(run.seconds),
        "parameters": f"{sum(counts.values()) / 1e6:.2f} M" if counts else "-",
    }


def _metrics(entries: Sequence[Entry]) -> list[dict]:
    """A column for each score: a cell for each run, the best of all marked."""
    metrics = []
    for name in _names(entries, "scores"):
        shown, best = score(name), [entry.summary.best.get(name) for entry in entries]
        top = shown.best([each.value for each in best if each]) if any(best) else None
        cells = []
        for entry, each in zip(entries, best, strict=True):
            final = entry.summary.last.get(name)
            cells.append(
                {
                    "best": each and shown.text(each.value),
                    "step": each and each.step,
                    "final": None if final is None else shown.text(final),
                    "wins": each is not None and each.value == top,
                }
            )
        metrics.append({"title": shown.title, "unit": shown.unit, "better": shown.better, "cells": cells})
    return metrics


def _names(entries: Sequence[Entry], group: str) -> list[str]:
    return list(dict.fromkeys(name for entry in entries for name in records.names(entry.records, group)))


def _charts(entries: Sequence[Entry], group: str) -> list[dict]:
    """A chart of each figure of a group over steps and one over time, and the runs that lack it."""
    style = "marked" if group == "scores" else "smoothed"
    charts = []
    for name in _names(entries, group):
        shown = score(name) if group == "scores" else None
        over_steps, over_time = {}, {}
        for entry in entries:
            steps, values = (
                stretches(each, MOST_POINTS) for each in records.curve(entry.records, group, name)
            )
            if len(steps):
                times = np.interp(steps, *entry.clock) / _time_unit(entries)[1]
                over_steps[entry.label] = Curve(steps, values, entry.colour, f"run-{entry.number}")
                over_time[entry.label] = Curve(times, values, entry.colour, f"run-{entry.number}")
        charts.append(
            {
                "title": f"{shown.title} {shown.unit}".strip() if shown else name,
                "better": shown.better if shown else "",
                "steps": line_chart(over_steps, (3.9, 2.1), style),
                "time": line_chart(over_time, (3.9, 2.1), style),
                "missing": [entry.label for entry in entries if entry.label not in over_steps],
            }
        )
    return charts


def _time_unit(entries: Sequence[Entry]) -> tuple[str, int]:
    longest = max(entry.clock[1][-1] for entry in entries)
    return next((name, seconds) for least, name, seconds in UNITS if longest >= least)


def cautions(entries: Sequence[Entry]) -> list[str]:
    """Why the scores of these runs may not be comparable."""
    found = []
    images = {
        e.label: v[-1].get("images") for e in entries if (v := records.of_kind(e.records, "validation"))
    }
    if len(set(images.values())) > 1:
        counts = ", ".join(f"{label} {count}" for label, count in images.items())
        found.append(f"The runs were scored on different numbers of held-out images: {counts}.")
    data = [
        row["key"]
        for row in differences([entry.config for entry in entries])
        if row["key"].startswith("data.")
    ]
    if data := [key for key in data if key not in TRAINING_ALONE]:
        found.append(f"Their data differ in {', '.join(data)}.")
    for name in _common_scenes(entries):
        if odd := _odd_ones(entries, name):
            found.append(f"The held-out sample {name} is not the same picture in {', '.join(odd)}.")
            break
    return found


def _odd_ones(entries: Sequence[Entry], name: str) -> list[str]:
    """The runs whose reference pictures of a sample differ from those of the first run that has it."""
    first, *others = [(entry, files) for entry in entries if (files := _references(entry, name))]
    return [
        entry.label
        for entry, files in others
        if any(
            not filecmp.cmp(files[kind], first[1][kind], shallow=False) for kind in files.keys() & first[1]
        )
    ]


def _references(entry: Entry, name: str) -> dict[str, Path]:
    """The label map, source and photo of a sample, from the last step that has it."""
    for scenes in reversed(entry.samples.values()):
        if name in scenes:
            return {kind: path for kind, path in scenes[name].items() if kind in REFERENCES}
    return {}


def _common_scenes(entries: Sequence[Entry]) -> list[str]:
    """The names of samples that at least two runs have drawn."""
    drawn = [dict.fromkeys(name for scenes in entry.samples.values() for name in scenes) for entry in entries]
    names = dict.fromkeys(name for each in drawn for name in each)
    return [name for name in names if sum(name in each for each in drawn) > 1]


def _samples(entries: Sequence[Entry], out: Path) -> dict | None:
    """The scenes that runs share, with the pictures of all steps, and the step to begin with."""
    names = _common_scenes(entries)
    if not names:
        return None
    drawn = [set(entry.samples) for entry in entries if entry.samples]
    common = sorted(set.intersection(*drawn))
    steps = sorted(set(thinned(sorted(set.union(*drawn)), MOST_STEPS)) | set(common[-1:]))
    shown = common[-1] if common else steps[-1]
    rows = [_scene(entries, name, steps, out) for name in names]
    kinds = [kind for kind in REFERENCES if any(kind in row["references"] for row in rows)]
    return {
        "steps": steps,
        "shown": shown,
        "columns": {kind: HEADINGS[kind] for kind in kinds},
        "rows": rows,
    }


def _scene(entries: Sequence[Entry], name: str, steps: Sequence[int], out: Path) -> dict:
    """A scene's references, and for each run its pictures by step."""
    owner = next(entry for entry in entries if _references(entry, name))
    references = {kind: _url(owner, path, out) for kind, path in _references(owner, name).items()}
    histories = [
        {
            step: _url(entry, entry.samples[step][name]["fake"], out)
            for step in steps
            if name in entry.samples.get(step, {})
        }
        for entry in entries
    ]
    return {"name": name, "references": references, "histories": histories}


def _url(entry: Entry, path: Path, out: Path) -> str:
    """The address of a picture: its own below the page's folder, else that of a copy beside the page."""
    if linked := _relative(path, out):
        return linked
    copy = out.parent / f"{out.stem}_files" / str(entry.number) / path.relative_to(entry.folder / "samples")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)
    return _relative(copy, out)


def _relative(path: Path, out: Path) -> str | None:
    here = out.parent.resolve()
    path = path.resolve()
    return (
        quote(path.relative_to(here).as_posix(), errors="surrogateescape")
        if path.is_relative_to(here)
        else None
    )
