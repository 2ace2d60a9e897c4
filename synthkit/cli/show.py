"""`synthkit config show`."""

import typer

from synthkit.cli import Config, Overrides, app

config_app = typer.Typer(no_args_is_help=True, help="Look at configs.")
app.add_typer(config_app, name="config")


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
