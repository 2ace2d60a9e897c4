"""RUN/report.html: what a training has reached, for people; and RUN/samples/, the pictures in it."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from synthkit.charts import COLOURS, INK, Curve, line_chart, smoothed
from synthkit.errors import DataError

HEADINGS = {"label": "label map", "source": "source", "fake": "synthesised", "real": "real"}
LONGEST_NAME = 200  # bytes of a file name that are left to the picture's name
DISCRIMINATOR = "/discriminator"


class Score(NamedTuple):
    """How a score is shown; `better` is higher, lower or empty for one that nobody described."""

    title: str
    unit: str = ""
    better: str = ""
    digits: int = 3


SCORES = {
    "l1": Score("L1", "", "lower"),
    "psnr": Score("PSNR", "dB", "higher", 2),
    "ssim": Score("SSIM", "", "higher"),
}


def write_samples(run: Path, step: int, pictures: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Write the pictures of a validation to RUN/samples/STEP/NAME.KIND.png.

    `pictures` maps a sample's name to (H, W, 3) uint8 arrays by kind: label, source, fake, real. What a
    file name cannot hold is replaced by underscores; names that become alike are told apart by more.
    """
    folder = run / "samples" / f"{step:08d}"
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for name, kinds in pictures.items():
        name = _file_name(name)
        while name in taken:
            name += "_"
        taken.add(name)
        for kind, array in kinds.items():
            Image.fromarray(np.ascontiguousarray(array)).save(folder / f"{name}.{kind}.png")


def _file_name(name: str) -> str:
    name = re.sub(r"[/\\\x00-\x1f\x7f]", "_", name)
    name = re.sub(r"^\.+", lambda dots: "_" * len(dots[0]), name)
    return name.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore") or "_"


def write_report(run: Path) -> Path:
    """Write RUN/report.html from RUN/config.yaml, metrics.jsonl and samples/, as far as there are any.

    It may be called at any time of a training, and replaces the last report at once. Returns its path.
    Raises DataError where there is no folder `run`.
    """
    if not run.is_dir():
        raise DataError(f"{run}: there is no such run folder")
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template("report.html.j2").render(_content(run))
    target, partial = run / "report.html", run / ".report.html.partial"
    partial.write_bytes(page.encode("utf-8", "replace"))
    partial.replace(target)
    return target


def _content(run: Path) -> dict:
    """What the template shows."""
    records = _records(run / "metrics.jsonl")
    config = run / "config.yaml"
    return {
        "title": run.resolve().name,
        "facts": _facts(records),
        "progress": _progress(records),
        "scores": _scores(records),
        "losses": _losses(records),
        "rate": _rate(records),
        "samples": _samples(run / "samples"),
        "config": config.read_text("utf-8", "replace") if config.is_file() else "",
    }


def _records(path: Path) -> list[dict]:
    """The lines that are whole; a resumed run replaces what came after the step it started from."""
    records: list[dict] = []
    for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:  # the writer was interrupted, or is writing just now
            continue
        if not isinstance(record, dict) or "kind" not in record:
            continue
        if record["kind"] == "start":
            records = [old for old in records if old["step"] <= record["step"] and old["kind"] != "end"]
        records.append(record)
    return records


def _of(records: Sequence[dict], kind: str) -> list[dict]:
    return [record for record in records if record["kind"] == kind]


def _progress(records: Sequence[dict]) -> dict | None:
    """The last step known, all steps, and whether the run has ended."""
    if not (starts := _of(records, "start")):
        return None
    return {
        "step": max(record["step"] for record in records),
        "steps": starts[-1]["steps"],
        "ended": records[-1]["kind"] == "end",
    }


def _facts(records: Sequence[dict]) -> dict[str, str]:
    """Title and text of each fact known so far."""
    starts, trains = _of(records, "start"), _of(records, "train")
    facts = {}
    if starts:
        facts["config"] = starts[-1]["config"]
    if trains:
        facts["pace"] = f"{median(record['seconds_per_step'] for record in trains[-50:]):.3g} s per step"
    if timed := [record["seconds"] for record in records if "seconds" in record]:
        facts["time used"] = _duration(timed[-1])
    if starts:
        counts = (f"{name} {count / 1e6:.2f} M" for name, count in starts[-1]["parameters"].items())
        facts["device"] = starts[-1]["device"]
        facts["parameters"] = ", ".join(counts)
        facts["versions"] = f"synthkit {starts[-1]['synthkit']}, torch {starts[-1]['torch']}"
    return {title: text for title, text in facts.items() if text}


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    )


def _scores(records: Sequence[dict]) -> list[dict]:
    """A card for each score of the last validation, with its curve over all of them."""
    validations = _of(records, "validation")
    cards = []
    for name, value in validations[-1]["scores"].items() if validations else ():
        shown = SCORES.get(name, Score(name, digits=4))
        known = [record for record in validations if name in record["scores"]]
        curve = Curve([record["step"] for record in known], [record["scores"][name] for record in known])
        best = (max if shown.better == "higher" else min)(curve.values) if shown.better else None
        cards.append(
            {
                "title": shown.title,
                "unit": shown.unit,
                "better": shown.better,
                "value": f"{value:.{shown.digits}f}",
                "best": None if best is None else f"{best:.{shown.digits}f}",
                "best_step": None if best is None else curve.steps[curve.values.index(best)],
                "step": validations[-1]["step"],
                "images": validations[-1]["images"],
                "chart": line_chart({name: curve}, (3.6, 1.5), "marked") if len(known) > 1 else "",
            }
        )
    return cards


def _losses(records: Sequence[dict]) -> list[dict]:
    """A chart of the generator's terms and one of the discriminator's; a name has one colour in both."""
    trains = _of(records, "train")
    names = list(dict.fromkeys(name for record in trains for name in record["losses"]))
    terms = list(dict.fromkeys(name.removesuffix(DISCRIMINATOR) for name in names))
    charts = []
    for title, suffixed in (("Generator", False), ("Discriminator", True)):
        curves = {}
        for name in (name for name in names if name.endswith(DISCRIMINATOR) == suffixed):
            term, known = name.removesuffix(DISCRIMINATOR), [r for r in trains if name in r["losses"]]
            colour = COLOURS[terms.index(term) % len(COLOURS)]
            curves[term] = Curve([r["step"] for r in known], [r["losses"][name] for r in known], colour)
        if curves:
            charts.append(_loss_chart(title, curves))
    return charts


def _loss_chart(title: str, curves: dict[str, Curve]) -> dict:
    legend = [
        {"name": name, "colour": curve.colour, "value": f"{smoothed(curve.values)[-1]:.3g}"}
        for name, curve in curves.items()
    ]
    return {"title": title, "legend": legend, "chart": line_chart(curves, (4.4, 2.5), "smoothed")}


def _rate(records: Sequence[dict]) -> dict | None:
    trains = _of(records, "train")
    if not trains:
        return None
    curve = Curve([record["step"] for record in trains], [record["rate"] for record in trains], INK)
    return {"value": f"{curve.values[-1]:.3g}", "chart": line_chart({"rate": curve}, (4.4, 1.1), "from_zero")}


def _samples(folder: Path) -> dict | None:
    """The scenes of the newest step that has any, each with its synthesised pictures of all steps."""
    folders = sorted(path for path in folder.glob("*") if path.name.isdecimal()) if folder.is_dir() else []
    steps = {int(path.name): scenes for path in folders if (scenes := _scenes(path))}
    if not steps:
        return None
    newest = steps[max(steps)]
    kinds = [kind for kind in HEADINGS if any(kind in scene for scene in newest.values())]
    return {
        "step": max(steps),
        "steps": list(steps),
        "columns": {kind: HEADINGS[kind] for kind in kinds},
        "scenes": [
            {
                "name": name,
                "urls": urls,
                "history": {step: scenes[name]["fake"] for step, scenes in steps.items() if name in scenes},
            }
            for name, urls in newest.items()
        ],
    }


def _scenes(folder: Path) -> dict[str, dict[str, str]]:
    """Relative URLs of a step's pictures by name and kind, of scenes that have a synthesised one."""
    scenes: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.png")):
        name, _, kind = path.stem.rpartition(".")
        if name and kind in HEADINGS:
            url = quote(f"samples/{folder.name}/{path.name}", errors="surrogateescape")
            scenes.setdefault(name, {})[kind] = url
    return {name: urls for name, urls in scenes.items() if "fake" in urls}
