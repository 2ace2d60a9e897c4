"""`synthkit list`."""

import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import app

if TYPE_CHECKING:
    from synthkit.reference import Entry

WIDEST = 110


@app.command("list")
def list_entries(
    pattern: Annotated[
        str, typer.Argument(help="A name, a part of one, a group such as losses, or a key such as crop.")
    ] = "",
) -> None:
    """List what a config can name: components, sections, keys. One found alone is shown in full."""
    from synthkit.reference import entries, find, load_plugins

    failed = load_plugins()
    found = find(entries(), pattern)
    for entry, before in zip(found, [None, *found], strict=False):
        if before is None or before.group != entry.group:
            typer.secho(f"{'' if before is None else chr(10)}{entry.group}", bold=True)
        if len(found) > 1:
            typer.echo(_line(entry, max(len(each.name) for each in found)))
        else:
            typer.echo(_page(entry))
    for reason in failed.values():
        typer.echo(reason, err=True)


def _line(entry: "Entry", wide: int) -> str:
    first = entry.paragraphs[0] if entry.paragraphs else ", ".join(key.name for key in entry.keys)
    shortened = textwrap.shorten(first, max(_columns() - wide - 4, 20), placeholder=" …")
    return f"  {entry.name:<{wide}}  {shortened}"


def _page(entry: "Entry") -> str:
    parts = [f"  {entry.name}  ({entry.module})"]
    parts += [_wrapped(paragraph, 2) for paragraph in entry.paragraphs]
    keys = [line for key in entry.keys for line in (f"  {key.signature}", _wrapped(key.text, 6)) if line]
    return "\n\n".join([*parts, "\n".join(keys)]).rstrip()


def _wrapped(text: str, indent: int) -> str:
    space = " " * indent
    return textwrap.fill(text, _columns(), initial_indent=space, subsequent_indent=space)


def _columns() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)
