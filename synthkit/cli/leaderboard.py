"""`synthkit leaderboard`."""

import textwrap
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import Judges, Root, app
from synthkit.paths import JUDGES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from synthkit.benchmark.leaderboard import Row
    from synthkit.benchmark.tables import Group, Table
    from synthkit.benchmark.verification import Check
    from synthkit.cli.columns import Column

NARROW = 13  # letters of a column's title that stand in a line of a terminal
COLOURS = {"ok": "green", "cannot be checked": "yellow", "changed": "bold red"}

Database = Annotated[Path, typer.Option("--db", help="The leaderboard's file.")]
Protocol = Annotated[str | None, typer.Option(help="Results under the protocol of this name alone.")]
Sort = Annotated[str | None, typer.Option(help="The best of this score first, such as miou.")]
DEFAULT = Path("runs/leaderboard.sqlite")

leaderboard_app = typer.Typer(no_args_is_help=True, help="Keep, show and check the results of scored runs.")
app.add_typer(leaderboard_app, name="leaderboard")


class Format(StrEnum):
    """What a leaderboard is exported as."""

    MD = "md"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


@leaderboard_app.command("submit")
def submit_results(
    runs: Annotated[list[Path], typer.Argument(help="Scored run folders, or folders that hold some.")],
    protocol: Protocol = None,
    replace: Annotated[bool, typer.Option("--replace", help="Let them replace other results.")] = False,
    db: Database = DEFAULT,
) -> None:
    """Add the results of runs: all or, where one is refused, none."""
    from synthkit.benchmark.leaderboard import Leaderboard
    from synthkit.benchmark.submission import find

    found = find(runs, protocol)
    with Leaderboard(db, create=True) as board:
        added = board.submit(found, replacing=replace)
        total = len(board.rows())
    known = f", {len(found) - added} were there already" if added < len(found) else ""
    typer.echo(f"{added} added{known}; {db} holds {total}")


@leaderboard_app.command("show")
def show_tables(protocol: Protocol = None, sort: Sort = None, db: Database = DEFAULT) -> None:
    """Print the results, means over seeds with 95% intervals; only those of one table may be compared."""
    from rich.console import Console

    from synthkit.benchmark.leaderboard import Leaderboard
    from synthkit.benchmark.tables import tables

    with Leaderboard(db) as board:
        made = tables(board.rows(protocol), sort)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 1000  # lines for other programs are not broken
    for table in made:
        _print(table, console)


@leaderboard_app.command("verify")
def verify_rows(
    protocol: Annotated[
        str | None, typer.Option(help="Of this protocol alone: a name, or the file of one's own.")
    ] = None,
    rescore: Annotated[bool, typer.Option("--rescore", help="Score the runs again, too.")] = False,
    root: Root = None,
    judges: Judges = JUDGES,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N; for --rescore.")] = "auto",
    db: Database = DEFAULT,
) -> None:
    """Compute the hashes of results, protocols, data and runs again, and compare; exit code 1 on a change."""
    from synthkit.benchmark.leaderboard import Leaderboard
    from synthkit.benchmark.verification import State, Verifier

    name = protocol and Path(protocol).name.removesuffix(".yaml").removesuffix(".yml")
    with Leaderboard(db) as board:
        verifier = Verifier(
            board, protocol=protocol, root=root, judges=judges, rescore=rescore, device=device
        )
        checked = [(row, _show(row, list(verifier.check(row)))) for row in board.rows(name)]
    states = [state for _, state in checked]
    typer.echo(", ".join(f"{states.count(state)} {state}" for state in State if state in states))
    if State.CHANGED in states:
        raise typer.Exit(1)


@leaderboard_app.command("export")
def export_tables(
    form: Annotated[
        Format | None, typer.Option("--format", help="By default what the file's ending says, else html.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file; by default leaderboard.FORMAT.")] = None,
    protocol: Protocol = None,
    sort: Sort = None,
    db: Database = DEFAULT,
) -> None:
    """Write the results: tables as md or one html page, every row with all its scores as csv or json."""
    from synthkit.benchmark.exports import export
    from synthkit.benchmark.leaderboard import Leaderboard

    ending = out.suffix.removeprefix(".") if out else ""
    form = form or (Format(ending) if ending in list(Format) else Format.HTML)
    with Leaderboard(db) as board:
        path = export(board, board.rows(protocol), form, out or Path(f"leaderboard.{form}"), sort)
    typer.echo(f"written: {path}")


def _print(table: "Table", console: "Console") -> None:
    from synthkit.benchmark.tables import basis
    from synthkit.cli.columns import print_columns
    from synthkit.cli.text import printable

    console.print(printable(table.first.protocol, "bold"))
    print_columns(console, *_columns(table, console.is_terminal))
    for group in table.groups:
        for note in table.notes(group):
            console.print(printable(f"{group.method}: {note}"), soft_wrap=True)
    console.print(printable(basis(table), "dim"), soft_wrap=True)
    console.print()


def _columns(table: "Table", folded: bool) -> "tuple[Column, list[Column]]":
    """The methods, and what is said of them; `folded` breaks titles, and puts half an interval below."""
    from synthkit import quantities
    from synthkit.benchmark.tables import ORACLE, heading, number
    from synthkit.cli.columns import Column
    from synthkit.cli.text import lines, printable

    def column(title: str, cells: "Iterable[Text]", last: str = "") -> Column:
        parts = textwrap.wrap(title, NARROW) if folded else [title]
        oracle = [printable(last, "italic")] if table.oracle else []
        return Column(lines(parts), [*cells, *oracle])

    groups = table.groups
    columns = [column("seeds", (printable(str(len(group.rows))) for group in groups))]
    for name in table.headlines:
        cells = (_score(table, group, name, folded) for group in groups)
        columns.append(column(heading(name), cells, number(name, table.oracle.get(name))))
    columns.append(column("time", (printable(quantities.clock(group.seconds)) for group in groups)))
    columns.append(column("memory", (printable(quantities.size(group.memory)) for group in groups)))
    return column("method", (printable(group.method) for group in groups), ORACLE), columns


def _score(table: "Table", group: "Group", name: str, folded: bool) -> "Text":
    from synthkit.benchmark.tables import text
    from synthkit.cli.text import lines

    mean, *half = text(name, group.score(name)).split(" ± ")
    parts = [mean, *(f"± {each}" for each in half)]
    return lines(parts if folded else [" ".join(parts)], "bold" if table.is_best(group, name) else "")


def _show(row: "Row", checks: "list[Check]") -> str:
    """Print what was found of a row, and return the worst of it."""
    from rich.console import Console

    from synthkit.benchmark.verification import State
    from synthkit.cli.text import printable

    worst = max((check.state for check in checks), key=list(State).index)
    console, columns = Console(highlight=False), row.columns
    name = f"{columns['protocol']}  {columns['method']}  seed {columns['seed']}"
    console.print(printable(worst, COLOURS[worst]), printable(name), soft_wrap=True)
    for check in checks:
        if check.note:
            console.print(printable(f"  {check.what}: {check.state}: {check.note}"), soft_wrap=True)
    return worst
