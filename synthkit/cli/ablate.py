"""`synthkit ablate`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import Device, Judges, Root, app
from synthkit.paths import JUDGES

if TYPE_CHECKING:
    from rich.text import Text

    from synthkit.benchmark.findings import Findings
    from synthkit.benchmark.study import Study
    from synthkit.cli.columns import Column


@app.command()
def ablate(
    study: Annotated[str, typer.Argument(help="A shipped study's name, or a YAML file.")],
    workers: Annotated[int, typer.Option(min=1, help="Trials that run at a time.")] = 1,
    work_dir: Annotated[
        Path | None, typer.Option(help="Where its trials and its report go; by default runs/studies/STUDY.")
    ] = None,
    root: Root = None,
    judges: Judges = JUDGES,
    device: Device = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the trials, try each variant, and estimate.")
    ] = False,
) -> None:
    """Train and score the variants of a study, and compare them over seeds.

    What a study's folder holds already is not trained again, so the same command goes on after an
    interruption, and with more seeds.
    """
    from synthkit.benchmark.ablation import ablate
    from synthkit.benchmark.study import load

    common = {} if root is None else {"root": str(root)}
    loaded = load(study, judges=str(judges), **common)
    folder = work_dir or Path("runs") / "studies" / loaded.name
    if dry_run:
        _show_plan(loaded, workers)
        return
    findings = ablate(loaded, folder, workers=workers, device=device, log=typer.echo)
    _show(findings)
    if any(row.failures for row in findings.rows):
        raise typer.Exit(1)


def _show(findings: "Findings") -> None:
    from rich.console import Console

    from synthkit.benchmark.study_table import LEGEND, MARKED
    from synthkit.cli.columns import print_columns

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 1000  # lines for other programs are not broken
    console.print()
    print_columns(console, *_columns(findings), between=1)
    console.print(f"{LEGEND}\n{MARKED}", style="dim", soft_wrap=True)
    for caution in findings.cautions:
        console.print(f"caution: {caution}", markup=False, soft_wrap=True)
    typer.echo(f"report: {findings.folder / 'report.html'}")


def _columns(findings: "Findings") -> "tuple[Column, list[Column]]":
    """The variants, and their scores with the differences to the base below them."""
    from synthkit.benchmark.study_table import counted, difference, oracle
    from synthkit.benchmark.tables import ORACLE, heading, text
    from synthkit.cli.columns import Column
    from synthkit.cli.text import lines, printable

    def column(title: str, cells: "Iterable[Text]", last: str = "") -> Column:
        real = [printable(last, "dim")] if findings.oracle else []
        return Column(printable(title), [*cells, *real])

    rows = findings.rows
    columns = [column("seeds", (printable(counted(row)) for row in rows))]
    for name, real in zip(findings.headlines, oracle(findings), strict=True):
        parts = ((text(name, row.score(name)), difference(findings, row, name)) for row in rows)
        columns.append(column(heading(name), (lines(filter(None, each)) for each in parts), real))
    return column("variant", (printable(row.variant.label) for row in rows), ORACLE), columns


def _show_plan(study: "Study", workers: int) -> None:
    """The variants, how each differs from the base, and what the study will take."""
    from synthkit import quantities
    from synthkit.benchmark.ablation import estimate
    from synthkit.config_differences import differences

    seeds = len(study.seeds)
    typer.echo(f"{study.name}: {len(study.variants)} variants x {seeds} seeds under {study.protocol.name}")
    seconds, memory = 0.0, 0
    for variant in study.variants:
        found = estimate(study, variant)
        seconds, memory = seconds + seeds * found.seconds, max(memory, found.memory)
        each = f"{quantities.words(found.seconds)} a training, {quantities.size(found.memory)} of memory"
        typer.echo(f"\n{variant.label}: {each}")
        for row in differences([study.base.settings, variant.settings]):
            before, after = ("(absent)" if value is None else value for value in row["values"])
            typer.echo(f"  {row['key']}: {before} -> {after}")
    time = f"{quantities.words(seconds / workers)} of training if {workers} at a time are as quick as one"
    typer.echo(f"\nall: {time}; {quantities.size(workers * memory)} of memory")
