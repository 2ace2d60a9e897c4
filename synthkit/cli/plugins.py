"""`synthkit plugins`: what there is, and `new`, the start of one's own."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import app

if TYPE_CHECKING:
    from synthkit.plugins import PluginInfo

plugins_app = typer.Typer(help="List plugins; start one.")
app.add_typer(plugins_app, name="plugins")


@plugins_app.callback(invoke_without_command=True)
def list_plugins(context: typer.Context) -> None:
    """List plugins with version, origin, components and state, or start one with `new`."""
    from synthkit.plugins import describe

    if context.invoked_subcommand is None:
        for plugin in describe():
            typer.echo("\n".join(_lines(plugin)))


@plugins_app.command("new")
def new_plugin(
    name: Annotated[str, typer.Argument(help="a-z, 0-9 and _; names of components begin with it.")],
    out: Annotated[Path, typer.Option(help="The folder to write the plugin's folder into.")] = Path(),
) -> None:
    """Write a small plugin that works: a generator, a loss, a config, and the contract as its test."""
    from synthkit.scaffold import write

    folder = write(name, out)
    typer.echo(f"plugin: {folder}\nnext:")
    typer.echo(f"  cd {shlex.quote(str(folder))}")
    typer.echo("  python -m pytest")
    typer.echo(f"  synthkit --plugin-path . train configs/{name}_streets_64.yaml")


def _lines(plugin: "PluginInfo") -> list[str]:
    """A plugin's title, its components, and what `synthkit import` reads of its original."""
    titled = f"{plugin.name} {plugin.version}".rstrip()  # a file in a folder has no version
    kinds = ", ".join(f"{kind} ({network})" for kind, network in plugin.kinds.items())
    imports = [f"import --kind: {kinds}"] if kinds else []
    lines = [f"    {line}" for line in (*plugin.components, *imports)]
    return [f"{titled}  [{plugin.state}]  {plugin.origin}", *lines]
