"""`synthkit config show`, `synthkit data show` and `synthkit plugins`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app

config_app = typer.Typer(no_args_is_help=True, help="Look at configs.")
data_app = typer.Typer(no_args_is_help=True, help="Look at data sets.")
app.add_typer(config_app, name="config")
app.add_typer(data_app, name="data")

Config = Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped config.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="key.sub=value, laid over the config.")]


@config_app.command("show")
def show_config(config: Config, overrides: Overrides = None) -> None:
    """Print the resolved config, each key with the file and line it comes from."""
    import json

    from synthkit.config import flatten, load

    leaves = flatten(load(config, overrides or []))
    values = [value if isinstance(value, str) else json.dumps(value) for _, value, _ in leaves]
    wide = max(len(path) for path, _, _ in leaves), min(max(map(len, values)), 40)
    for (path, _, origin), value in zip(leaves, values, strict=True):
        typer.echo(f"{path:<{wide[0]}}  {value:<{wide[1]}}  {origin}")


@data_app.command("show")
def show_data(
    config: Config,
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("data.png"),
    split: Annotated[str, typer.Option(help="train, val, test …")] = "train",
    count: Annotated[int, typer.Option(min=1, help="How many samples to draw.")] = 6,
) -> None:
    """Draw a contact sheet of a data set as training sees it: maps with boundaries, photos, classes."""
    from synthkit.config import load
    from synthkit.data.show import contact_sheet
    from synthkit.errors import DataError

    sheet, summary = contact_sheet(load(config, overrides or []), split, count)
    try:
        sheet.save(out)
    except (OSError, ValueError) as err:
        raise DataError(f"{out} cannot be written: {err}") from err
    typer.echo(f"{summary}\nsheet: {out}")


@app.command("plugins")
def list_plugins() -> None:
    """List plugins with version, origin, components and state."""
    from synthkit.plugins import describe

    for plugin in describe():
        typer.echo(f"{plugin.name} {plugin.version}  [{plugin.state}]  {plugin.origin}")
        for component in plugin.components:
            typer.echo(f"    {component}")
