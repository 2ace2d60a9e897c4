"""A study's page: one file with its table, plots, samples, and all that its numbers depend on."""

import base64
import io
from pathlib import Path

from PIL import Image

from synthkit import quantities
from synthkit.benchmark.findings import Findings, Row
from synthkit.benchmark.result import Result
from synthkit.benchmark.study import trial_folder
from synthkit.benchmark.study_plots import plot
from synthkit.benchmark.study_table import difference, oracle
from synthkit.benchmark.tables import CLASS, heading, text
from synthkit.benchmark.trial import scores_folder
from synthkit.charts import svg
from synthkit.config_differences import differences
from synthkit.pages import write_page
from synthkit.sample_files import HEADINGS
from synthkit.scores import score

SCENES = 4  # samples that are shown
WIDEST = 512  # pixels of a picture in the page
HASH = 12  # letters of a hash that are shown


def write_report(findings: Findings, path: Path) -> Path:
    """Write the page, with the pictures inside it. Raises DataError where it cannot be written."""
    study = findings.study
    content = {
        "title": study.name.replace("_", " "),
        "summary": study.summary,
        "facts": _facts(findings),
        "cautions": findings.cautions,
        "failures": [
            {"variant": row.variant.label, "seed": seed, "reason": failure.reason, "log": str(failure.log)}
            for row in findings.rows
            for seed, failure in row.failures.items()
        ],
        "headings": [heading(name) for name in findings.headlines],
        "rows": [_row(findings, row) for row in findings.rows],
        "oracle": oracle(findings) if findings.oracle else [],
        "classes": _classes(findings),
        "plots": [_plot(findings, name) for name in findings.headlines],
        "scenes": _scenes(findings),
        "labels": [row.variant.label for row in findings.rows],
        "differences": differences([row.variant.settings for row in findings.rows]),
        "trainings": [_training(row, result) for row in findings.rows for result in row.results.values()],
        "versions": findings.results[0].versions if findings.results else {},
    }
    return write_page(path, "study.html.j2", content)


def _facts(findings: Findings) -> dict[str, str]:
    study, protocol = findings.study, findings.study.protocol
    facts = {
        "protocol": f"{protocol.name}, version {protocol.version}, {protocol.sha256[:HASH]}",
        "base": study.base.trial.config,
        "budget": ", ".join(f"{value} {key}" for key, value in protocol.budget.items())
        or "each config's own",
        "seeds": ", ".join(map(str, study.seeds)),
    }
    if findings.results:
        first = findings.results[0]
        facts["images"] = f"{first.images} of split {protocol.split}, {first.data_sha256[:HASH]}"
        facts["judge"] = f"{first.judge}, {first.judge_sha256[:HASH]}" if first.judge else "none"
        facts["devices"] = ", ".join(dict.fromkeys(result.device for result in findings.results))
    return facts


def _row(findings: Findings, row: Row) -> dict:
    cells = [
        {
            "value": text(name, row.score(name)),
            "difference": difference(findings, row, name),
            "verdict": findings.verdict(row, name),
        }
        for name in findings.headlines
    ]
    return {
        "label": row.variant.label,
        "is_base": row is findings.base,
        "seeds": len(row.results),
        "failed": len(row.failures),
        "cells": cells,
    }


def _classes(findings: Findings) -> list[dict]:
    """The means of the scores of single classes."""
    return [
        {"title": heading(name), "cells": [text(name, row.score(name)) for row in findings.rows]}
        for name in findings.scores
        if name.startswith(CLASS)
    ]


def _plot(findings: Findings, name: str) -> dict:
    shown = score(name)
    return {
        "title": f"{shown.title} {shown.unit}".strip(),
        "better": shown.better,
        "svg": svg(plot(findings, name)),
    }


def _scenes(findings: Findings) -> list[dict]:
    """The first samples: the label map, what each variant made of it with its first seed, and the photo."""
    folders = {row.variant.label: _samples_folder(findings, row) for row in findings.rows}
    known = next((folder for folder in folders.values() if folder), None)
    names = findings.results[0].samples if findings.results else ()
    scenes = []
    for name in names[:SCENES]:
        fakes = {label: folder and _picture(folder / f"{name}.fake.png") for label, folder in folders.items()}
        label, real = (_picture(known / f"{name}.{kind}.png") for kind in ("label", "real"))
        scenes.append({"name": name, "pictures": {HEADINGS["label"]: label, **fakes, HEADINGS["real"]: real}})
    return scenes


def _samples_folder(findings: Findings, row: Row) -> Path | None:
    """Where the pictures of a variant's first seed lie; None without a result."""
    if not row.results:
        return None
    folder = trial_folder(findings.folder, row.variant, min(row.results))
    return scores_folder(folder, findings.study.protocol) / "samples"


def _picture(path: Path) -> str | None:
    """A picture as the address that holds it, made smaller where it is large; None where there is none."""
    if not path.is_file():
        return None
    with Image.open(path) as image:
        image.thumbnail((WIDEST, WIDEST))
        file = io.BytesIO()
        image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _training(row: Row, result: Result) -> dict:
    return {
        "label": row.variant.label,
        "seed": result.seed,
        "steps": result.steps,
        "time": quantities.words(result.seconds),
        "memory": quantities.size(result.memory),
        "config": result.config_sha256[:HASH],
        "weights": result.weights_sha256[:HASH],
    }
