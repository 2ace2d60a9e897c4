"""A study's table: as Markdown and as CSV."""

import csv
import io

from synthkit.benchmark.findings import Findings, Row
from synthkit.benchmark.tables import escaped, heading, number, text

MARKS = {"better": "▲", "worse": "▼", "differs": "◆"}
LEGEND = "mean ± half the 95% interval over seeds; below it the paired difference to the base"
MARKED = "▲ better, ▼ worse: the interval of the difference excludes 0"
COLUMNS = ("variant", "score", "seeds", "mean", "half", "difference", "difference_half", "pairs", "verdict")


def difference(findings: Findings, row: Row, name: str) -> str:
    """A variant's difference to the base, marked where its interval excludes 0; of the base nothing."""
    found = findings.difference(row, name)
    if row is findings.base or not found.count:
        return ""
    words = text(name, found, signed=True)
    return f"{words} {MARKS.get(findings.verdict(row, name), '')}".strip()


def counted(row: Row) -> str:
    """How many seeds have a result, and how many failed."""
    return f"{len(row.results)}, {len(row.failures)} failed" if row.failures else str(len(row.results))


def oracle(findings: Findings) -> list[str]:
    """What the real images get, by the columns of the table."""
    return [number(name, findings.oracle.get(name)) for name in findings.headlines]


def markdown(findings: Findings) -> str:
    """The table as Markdown."""
    lines = [("variant", "seeds", *(escaped(heading(name)) for name in findings.headlines))]
    lines.append(("---",) * len(lines[0]))
    for row in findings.rows:
        cells = (
            "<br>".join(filter(None, (text(name, row.score(name)), difference(findings, row, name))))
            for name in findings.headlines
        )
        lines.append((escaped(row.variant.label), counted(row), *cells))
    if findings.oracle:
        lines.append(("real images", "", *oracle(findings)))
    cautions = "".join(f"\n**{caution}**\n" for caution in findings.cautions)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + cautions + f"\n{LEGEND}. {MARKED}.\n"


def as_csv(findings: Findings) -> str:
    """A line for each variant and score, those of single classes too, with all digits."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in findings.rows:
        for name in findings.scores:
            own, other = row.score(name), findings.difference(row, name)
            line = (row.variant.label, name, own.count, own.mean, own.half)
            versus = (other.mean, other.half, other.count, findings.verdict(row, name))
            writer.writerow(line if row is findings.base else (*line, *versus))
    return file.getvalue()
