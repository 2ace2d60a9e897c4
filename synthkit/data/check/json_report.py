"""The report of a check as JSON."""

import json
from pathlib import Path

from synthkit.data.check import Report, name_of
from synthkit.data.check.kinds import Severity, severity
from synthkit.data.check.settings import fitting_settings
from synthkit.data.check.split import Split
from synthkit.errors import DataError


def write_json(report: Report, config: str, path: Path) -> None:
    """Write the whole report: problems with their kind and severity, and the figures of each split.

    Raises DataError where the file cannot be written.
    """
    problems = [
        {"split": split.name, "severity": severity(problem.kind), **problem._asdict()}
        for split in report.splits
        for problem in split.problems
    ]
    content = {
        "config": config,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "problems": problems,
        "splits": {split.name: _figures(split, report.names) for split in report.splits},
        "settings": fitting_settings(report),
    }
    try:
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error}") from error


def _figures(split: Split, names: tuple[str, ...]) -> dict:
    sizes = [{"height": size[0], "width": size[1], "samples": n} for size, n in split.sizes.most_common()]
    classes = [
        {"id": index, "name": name_of(names, index), "pixels": count, "maps": split.maps[index]}
        for index, count in sorted(split.pixels.items())
    ]
    return {
        "samples": split.samples,
        "fields": split.fields,
        "seconds": round(split.seconds, 3),
        "sizes": sizes,
        "forms": split.forms,
        "source_values": split.span,
        "classes": classes,
    }
