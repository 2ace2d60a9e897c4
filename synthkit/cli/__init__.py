"""The command line. Commands import what they need when they run, so that --help answers at once."""

import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from synthkit import __version__
from synthkit.errors import SynthkitError, SynthkitWarning

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Config = Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped config.")]
Run = Annotated[Path, typer.Argument(help="A run folder, a checkpoint in it, or a shipped model: streets.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="key.sub=value, laid over the config.")]
Root = Annotated[Path | None, typer.Option(help="Where the data lie, if not where the files say.")]
Judges = Annotated[Path, typer.Option(help="The folder of trained judges.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synthkit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    plugin_path: Annotated[
        list[Path] | None, typer.Option(help="A folder of plugins, besides $SYNTHKIT_PLUGIN_PATH.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Train, run and compare GANs for paired image-to-image translation."""
    from synthkit import plugins

    for folder in plugin_path or []:
        plugins.add_path(folder)


_format_warning = warnings.formatwarning


def _line(message: Warning | str, category: type[Warning], *place) -> str:
    """A warning as it is printed: those meant for the user without the line of code that gave them."""
    if issubclass(category, SynthkitWarning):
        return f"warning: {message}\n"
    return _format_warning(message, category, *place)


def main() -> None:
    """The entry point: errors meant for the user become one message and exit code 1."""
    warnings.formatwarning = _line
    # importing them registers their commands
    from synthkit.cli import (  # noqa: F401
        ablate,
        benchmark,
        check,
        compare,
        data,
        edit,
        editor,
        evaluate,
        export,
        import_,
        judge,
        leaderboard,
        objects,
        plugins,
        reference,
        runs,
        show,
        styles,
        train,
        translate,
    )

    sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does: names of files may be any bytes
    try:
        app()
    except SynthkitError as err:
        typer.echo(f"error: {err}", err=True)
        sys.exit(1)
