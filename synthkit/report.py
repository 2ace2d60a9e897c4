"""RUN/report.html: what a training has reached, for people, while it runs and afterwards."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from urllib.parse import quote

from PIL import Image

from synthkit import quantities, records
from synthkit.charts import COLOURS, INK, Curve, line_chart, smoothed, stretches
from synthkit.errors import DataError
from synthkit.pages import thinned, write_page
from synthkit.quantities import size
from synthkit.sample_files import HEADINGS, read_samples, write_samples
from synthkit.scores import score

__all__ = ["write_report", "write_samples"]

DISCRIMINATOR = "/discriminator"
MEANINGS = {  # of signals
    "ranking": "how often the discriminator ranks the real image above the fake: 0.5 is chance, 1 always",
    "logit gap": "how far real logits are above fake ones in the mean: near 0 the discriminator is undecided",
    "saturation": "the share of pixels at the ends of tanh, where no gradient passes",
    "gradient norm": "of the parameters of a group, before clipping",
}
MOST_STEPS = 40  # whose pictures are shown
SILENCE = 300.0  # seconds without news after which a page doubts that the training still runs


def write_report(run: Path, *, stopped: bool = False) -> Path:
    """Write RUN/report.html from RUN/config.yaml, metrics.jsonl and samples/, as far as there are any.

    It may be called at any time of a training, and replaces the last report at once. The page loads itself
    again and again until the records hold an end, or it is written with `stopped`. Returns its path.
    Raises DataError where there is no folder `run`, or it cannot be written.
    """
    if not run.is_dir():
        raise DataError(f"{run}: there is no such run folder")
    return write_page(run / "report.html", "report.html.j2", _content(run, stopped))


def _content(run: Path, stopped: bool) -> dict:
    """What the template shows."""
    known = records.read(run / "metrics.jsonl")
    config = run / "config.yaml"
    over = any(record["kind"] in records.OVER for record in known)
    return {
        "title": run.resolve().name,
        "written": time.time(),
        "live": not over and not stopped,
        "silence": _silence(known),
        "progress": _progress(known, stopped),
        "facts": _facts(known),
        "warnings": [
            *({"name": "the training failed", **each} for each in records.of_kind(known, "failed")),
            *records.of_kind(known, "warning"),
        ],
        "samples": _samples(run),
        "scores": _scores(known),
        "losses": _losses(known),
        "rate": _rate(known),
        "signals": _signals(known),
        "config": config.read_text("utf-8", "replace") if config.is_file() else "",
    }


def _silence(known: Sequence[dict]) -> float:
    """After how many seconds without news the training may be dead: five times as long as a log takes."""
    seconds = [record["seconds"] for record in records.of_kind(known, "train") if "seconds" in record][-2:]
    return max(SILENCE, 5 * (seconds[-1] - seconds[0]) if seconds else 0)


def _progress(known: Sequence[dict], stopped: bool) -> dict | None:
    """The last step known, all steps, and what is said of them."""
    if not (starts := records.of_kind(known, "start")):
        return None
    step, steps = max(record["step"] for record in known), starts[-1]["steps"]
    ends = records.of_kind(known, "end")
    early = ends and step < steps and ends[-1].get("reason")
    if early:
        text = f"{early} (of {steps} steps)"
    elif ends:
        text = f"finished after {step} steps"
    elif records.of_kind(known, "failed"):
        text = f"failed after step {step} of {steps}"
    else:
        text = f"stopped at step {step} of {steps}" if stopped else f"step {step} of {steps}"
    return {"step": step, "steps": steps, "text": text, "ended": bool(ends)}


def _facts(known: Sequence[dict]) -> dict[str, str]:
    """Title and text of each fact known so far."""
    starts, trains = records.of_kind(known, "start"), records.of_kind(known, "train")
    facts = _spent(known, starts[-1] if starts else {}, trains)
    if starts:
        start = starts[-1]
        counts = start.get("parameters", {}).items()
        facts = {"config": start.get("config"), **facts}
        devices = start.get("devices", 1)
        facts["device"] = f"{devices} x {start.get('device')}" if devices != 1 else start.get("device")
        facts["samples per step"] = start.get("batch")
        facts["seed"] = start.get("seed")
        facts["parameters"] = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in counts)
        facts["versions"] = f"synthkit {start.get('synthkit')}, torch {start.get('torch')}"
    return {title: str(text) for title, text in facts.items() if text not in ("", None)}


def _spent(known: Sequence[dict], start: dict, trains: Sequence[dict]) -> dict[str, str]:
    """Time and memory, beside what the dry run had expected."""
    facts, expected = {}, start.get("estimate", {})
    if paces := [record["seconds_per_step"] for record in trains[-50:] if "seconds_per_step" in record]:
        facts["pace"] = f"{median(paces):.3g} s per step"
    if timed := [record["seconds"] for record in known if "seconds" in record]:
        facts["time used"] = quantities.words(timed[-1])
    if "seconds" in expected:
        facts["time expected"] = quantities.words(expected["seconds"])
    ends = records.of_kind(known, "end")
    if ends and ends[-1].get("memory"):
        facts["memory used"] = size(ends[-1]["memory"])
    if expected.get("memory"):
        facts["memory expected"] = size(expected["memory"])
    if waits := [record["data_wait"] for record in trains if "data_wait" in record]:
        facts["waiting for data"] = f"{fmean(waits):.0%} of the time"
    return facts


def _scores(known: Sequence[dict]) -> dict | None:
    """A card for each score of the last validation, with its curve over all, and the best checkpoint."""
    validations = records.of_kind(known, "validation")
    if not validations or not validations[-1]["scores"]:
        return None
    best = [record for record in validations if record.get("best")]
    return {
        "step": validations[-1]["step"],
        "images": validations[-1].get("images"),
        "best": best and {"step": best[-1]["step"], "metric": score(str(best[-1].get("metric"))).title},
        "cards": [_score_card(validations, name) for name in validations[-1]["scores"]],
    }


def _score_card(validations: Sequence[dict], name: str) -> dict:
    shown, (steps, values) = score(name), records.curve(validations, "scores", name)
    best = shown.best(values)
    return {
        "title": shown.title,
        "unit": shown.unit,
        "better": shown.better,
        "value": shown.text(values[-1]),
        "best": None if best is None else shown.text(best),
        "best_step": None if best is None else steps[values.index(best)],
        "chart": line_chart({name: Curve(steps, values)}, (3.6, 1.5), "marked") if len(steps) > 1 else "",
    }


def _losses(known: Sequence[dict]) -> list[dict]:
    """A chart of the generator's terms and one of the discriminator's; a name has one colour in both."""
    trains = records.of_kind(known, "train")
    names = records.names(trains, "losses")
    terms = list(dict.fromkeys(name.removesuffix(DISCRIMINATOR) for name in names))
    charts = []
    for title, suffixed in (("Generator", False), ("Discriminator", True)):
        chosen = [name for name in names if name.endswith(DISCRIMINATOR) == suffixed]
        curves = {}
        for name in chosen:
            term = name.removesuffix(DISCRIMINATOR)
            colour = COLOURS[terms.index(term) % len(COLOURS)]
            curves[term] = Curve(*records.curve(trains, "losses", name), colour)
        if curves:
            charts.append(_curves_card(title, curves, (4.4, 2.5)))
    return charts


def _signals(known: Sequence[dict]) -> list[dict]:
    """A small chart of each signal; signals that share a name before a slash share a chart."""
    trains = records.of_kind(known, "train")
    groups: dict[str, dict[str, Curve]] = {}
    for name in records.names(trains, "signals"):
        title, _, rest = name.partition("/")
        group = groups.setdefault(title, {})
        colour = COLOURS[len(group) % len(COLOURS)]
        group[rest or title] = Curve(*records.curve(trains, "signals", name), colour)
    cards = (_curves_card(title, curves, (3.6, 1.5)) for title, curves in groups.items())
    return [card | {"meaning": MEANINGS.get(card["title"], "")} for card in cards]


def _curves_card(title: str, curves: dict[str, Curve], inches: tuple[float, float]) -> dict:
    legend = [
        {"name": name, "colour": curve.colour, "value": f"{smoothed(stretches(curve.values))[-1]:.3g}"}
        for name, curve in curves.items()
    ]
    return {"title": title, "legend": legend, "chart": line_chart(curves, inches, "smoothed")}


def _rate(known: Sequence[dict]) -> dict | None:
    trains = [record for record in records.of_kind(known, "train") if "rate" in record]
    if not trains:
        return None
    curve = Curve([record["step"] for record in trains], [record["rate"] for record in trains], INK)
    return {"value": f"{curve.values[-1]:.3g}", "chart": line_chart({"rate": curve}, (4.4, 1.1), "from_zero")}


def _samples(run: Path) -> dict | None:
    """The scenes of the newest step that has any, each with its synthesised pictures of earlier steps."""
    steps = read_samples(run)
    if not steps:
        return None
    newest = steps[max(steps)]
    kinds = [kind for kind in HEADINGS if any(kind in scene for scene in newest.values())]
    shown = {step: steps[step] for step in thinned(list(steps), MOST_STEPS)}
    return {
        "step": max(steps),
        "steps": list(shown),
        "columns": {kind: HEADINGS[kind] for kind in kinds},
        "size": _size(scene["fake"] for scene in newest.values()),
        "scenes": [
            {
                "name": name,
                "urls": {kind: _url(run, path) for kind, path in files.items()},
                "history": {
                    step: _url(run, scenes[name]["fake"]) for step, scenes in shown.items() if name in scenes
                },
            }
            for name, files in newest.items()
        ],
    }


def _url(run: Path, path: Path) -> str:
    return quote(path.relative_to(run).as_posix(), errors="surrogateescape")


def _size(paths: Iterable[Path]) -> tuple[int, int] | None:
    """Width and height of the first picture that can be read, so that the page has its height at once."""
    for path in paths:
        try:
            with Image.open(path) as image:
                return image.size
        except OSError:  # being written just now
            continue
    return None
