"""The report of `synthkit data check` on a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from synthkit.data.check import Report, Severity, name_of
from synthkit.data.check.kinds import meaning, severity
from synthkit.data.check.settings import fitting_settings

if TYPE_CHECKING:
    from synthkit.data.check.split import Split
    from synthkit.data.problems import Problem

FIRST = 3  # problems of a kind that are shown
LINE = 240  # characters of a problem that are shown
MOST_CLASSES = 40
BAR = 20  # characters of the longest bar
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def show_report(report: Report, console: Console, *, all_problems: bool = False) -> None:
    """Print figures, classes, problems by kind, and the settings that would fit."""
    for split in report.splits:
        _show_split(split, console)
    if any(split.pixels for split in report.splits):
        _show_classes(report, console, None if all_problems else MOST_CLASSES)
    for kind in Severity:
        _show_problems(report, kind, console, None if all_problems else FIRST)
    console.print("\n[bold]settings that fit[/bold]")
    console.print(fitting_settings(report), markup=False, highlight=False, soft_wrap=True)
    console.print(_verdict(report))


def _show_split(split: "Split", console: Console) -> None:
    speed = f", {split.samples / split.seconds:.0f} samples/s" if split.seconds and split.samples else ""
    fields = ", ".join(split.fields) or "nothing"
    console.print(f"[bold]{escape(split.name)}[/bold]: {split.samples} samples of {fields}{speed}")
    if split.sizes:
        console.print(f"  sizes      {_common(split.sizes, '{0[1]}x{0[0]}')}", highlight=False)
    for key, forms in split.forms.items():
        console.print(f"  {key:<9}  {escape(_common(forms, '{0}'))}", highlight=False)
    if split.span:
        console.print(f"  values     {split.span[0]:g} to {split.span[1]:g} in the source", highlight=False)


def _common(counts: Counter, form: str) -> str:
    shown = [f"{form.format(key)} ({count})" for key, count in counts.most_common(FIRST)]
    return ", ".join(shown) + (f" and {len(counts) - FIRST} more" if len(counts) > FIRST else "")


def _show_classes(report: Report, console: Console, most: int | None) -> None:
    """Share of pixels and number of maps by class and split, with a bar for the first split.

    Of more than `most` classes those with the most pixels are shown.
    """
    splits = [split for split in report.splits if split.pixels]
    total = sum((split.pixels for split in splits), Counter())
    chosen = sorted(index for index, _ in total.most_common(most))
    widest = max((_share(splits[0], index) for index in chosen), default=0)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("class", no_wrap=True)
    for split in splits:
        table.add_column(escape(split.name), justify="right", no_wrap=True)
        table.add_column("maps", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for index in chosen:
        cells = [
            text for split in splits for text in (_percent(_share(split, index)), str(split.maps[index]))
        ]
        bar = "█" * round(BAR * _share(splits[0], index) / widest) if widest else ""
        table.add_row(str(index), escape(_class_name(report, index)), *cells, bar)
    console.print("[bold]classes[/bold] by share of pixels, and the maps that hold them")
    console.print(table)
    if len(total) > len(chosen):
        console.print(f"… and {len(total) - len(chosen)} rarer ones (--all shows them)", highlight=False)


def _cells(split: "Split", index: int) -> tuple[str, str]:
    return _percent(_share(split, index)), str(split.maps[index])


def _share(split: "Split", index: int) -> float:
    return split.pixels[index] / split.pixels.total()


def _class_name(report: Report, index: int) -> str:
    if index == report.needs.ignore:
        return "(ignored)"
    if report.needs.classes is not None and index >= report.needs.classes:
        return "(outside the classes)"
    return name_of(report.names, index)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 or share == 0 else "<0.1%"


def _show_problems(report: Report, wanted: Severity, console: Console, most: int | None) -> None:
    groups: dict[str, list[Problem]] = {}
    for problem in report.problems:
        if severity(problem.kind) == wanted:
            groups.setdefault(problem.kind, []).append(problem)
    for kind, problems in groups.items():
        count = f" ({len(problems)})" if len(problems) > 1 else ""
        hint = f": {meaning(kind)}" if meaning(kind) else ""
        heading = f"\n[{COLOURS[wanted]}]{wanted}[/] [bold]{escape(kind)}[/bold]{count}{escape(hint)}"
        console.print(heading, highlight=False, soft_wrap=True)
        _show_places(problems, console, most)


def _show_places(problems: "Sequence[Problem]", console: Console, most: int | None) -> None:
    for problem in problems[:most]:
        line = f"  {problem.place}: {problem.message}"
        line = line if most is None or len(line) <= LINE else f"{line[:LINE]} …"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if most is not None and len(problems) > most:
        console.print(f"  … and {len(problems) - most} more (--all lists them)", highlight=False)


def _verdict(report: Report) -> str:
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    colour = "red" if errors else "green"
    ready = "training would stop" if errors else "ready to train"
    return f"[{colour}]{_plural(errors, 'error')}, {_plural(warnings, 'warning')}: {ready}[/]"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
