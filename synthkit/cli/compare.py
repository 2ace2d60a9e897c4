"""`synthkit compare`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two to eight run folders.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("compare.html"),
) -> None:
    """Compare runs in one page: scores, samples side by side, curves, differences of their configs."""
    from synthkit.comparison import compare

    typer.echo(f"page: {compare(runs, out)}")
