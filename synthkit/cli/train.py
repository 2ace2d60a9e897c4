"""`synthkit train`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped config.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key.sub=value, laid over the config.")
    ] = None,
    work_dir: Annotated[Path | None, typer.Option(help="The run folder; by default runs/CONFIG.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only try a few steps, a validation and a save, and estimate.")
    ] = False,
) -> None:
    """Train a model from a config; under torchrun on several devices."""
    from synthkit.config import load
    from synthkit.distributed import is_launched_first
    from synthkit.inference import has_clustered_styles, needed_options
    from synthkit.runner import dry_run as try_out
    from synthkit.stages import plan, train

    cfg = load(config, overrides or [])
    folder = work_dir or Path("runs") / _run_name(config)
    stages = plan(cfg, folder)
    for stage in stages if dry_run else ():
        estimate = try_out(stage.config).describe()
        if is_launched_first():
            typer.echo(f"stage {stage.name}\n{estimate}" if stage.name else estimate)
    if dry_run:
        return
    run = train(cfg, folder, resume=resume)
    if not is_launched_first():
        return
    typer.echo(f"run:        {run}")
    typer.echo(f"report:     {run / 'report.html'}")
    if has_clustered_styles(stages[-1].config):
        typer.echo(f"styles:     synthkit styles fit {run}")
    typer.echo(f"next:       synthkit translate {run} OUT {needed_options(stages[-1].config)}")


def _run_name(config: str) -> Path:
    """A shipped config's name, or a file's without its folder and suffix."""
    from synthkit.config import shipped_names

    return Path(config) if config in shipped_names() else Path(Path(config).stem)
