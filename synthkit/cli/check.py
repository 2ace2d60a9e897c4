"""`synthkit data check`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Config, Overrides
from synthkit.cli.data import data_app, progress


@data_app.command("check")
def check_data(
    config: Config,
    overrides: Overrides = None,
    split: Annotated[
        list[str] | None, typer.Option(help="A split to read; by default those of training and validation.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="List all problems, not the first few.")] = False,
    out: Annotated[Path | None, typer.Option(help="A JSON file for the whole report.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes; by default one per core.")] = None,
) -> None:
    """Read a whole data set once, list every problem in it, and say which settings would fit.

    Errors are what stops training, and end with exit code 1; warnings are worth a look.
    """
    from rich.console import Console

    from synthkit.build import need
    from synthkit.cli.tables import show_report
    from synthkit.config import load
    from synthkit.data.check import Severity, check
    from synthkit.data.check.json_report import write_json
    from synthkit.data.splits import splits_of_a_run

    cfg = load(config, overrides or [])
    section = need(cfg, "data")
    splits = split or splits_of_a_run(section)
    report = check(section, splits, _needs(cfg), workers=workers, watch=progress)
    console = Console()
    show_report(report, console, all_problems=show_all)
    if out:
        write_json(report, config, out)
        typer.echo(f"report: {out}")
    if report.count(Severity.ERROR):
        raise typer.Exit(1)


def _needs(cfg):
    """What the config's model and training want of the data."""

    from synthkit.build import need, part, where
    from synthkit.data.check import Needs
    from synthkit.errors import ConfigError, shown

    train = part(cfg, "train")
    batch_size = train.get("batch_size", 1)
    if type(batch_size) is not int or batch_size < 1:
        raise ConfigError(f"{shown(batch_size)}: a whole number from 1 is needed", where(train, "batch_size"))
    model = _networks(need(cfg, "model"))
    label, source = model.inputs.get("label"), model.inputs.get("source")
    return Needs(
        fields=model.fields,
        classes=label.channels if label else None,
        ignore=label.ignore if label else None,
        channels=source.format.channels if source else None,
        span=source.format.range if source else None,
        stride=model.stride,
        batch_size=batch_size,
    )


def _networks(section):
    """The model without its memory, or with it where a network computes with its weights as it is built."""
    import torch

    from synthkit.errors import ConfigError
    from synthkit.translator import Translator

    try:
        with torch.device("meta"):
            return Translator.from_config(section, training=False)
    except ConfigError:  # a config that is wrong is refused here again
        return Translator.from_config(section, training=False)
