"""`synthkit judge`: the segmentation networks that score."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Device, Judges, Root, app
from synthkit.paths import JUDGES

judge_app = typer.Typer(no_args_is_help=True, help="Train and look at the segmentation networks that score.")
app.add_typer(judge_app, name="judge")

Protocol = Annotated[str, typer.Argument(help="A shipped protocol's name, or a YAML file.")]


@judge_app.command("train")
def train_judge(
    protocol: Protocol, root: Root = None, judges: Judges = JUDGES, device: Device = "auto"
) -> None:
    """Train a protocol's judge on its real training images, unless it is trained already.

    Protocols that share the judge, the data and the scored split share it.
    """
    from synthkit.benchmark import protocol as protocols
    from synthkit.benchmark.judges import judge_folder, train_judge
    from synthkit.cli.columns import print_scores

    chosen = protocols.load(protocol, root)
    record = train_judge(chosen, judges, device=device, say=typer.echo)
    print_scores({"real images": record.oracle})
    typer.echo(f"trained in {record.seconds:.0f} s on {record.device}, {record.created}")
    typer.echo(f"judge:      {judge_folder(chosen, judges)}")


@judge_app.command("show")
def show_judge(
    protocol: Protocol,
    root: Root = None,
    judges: Judges = JUDGES,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="A picture to write, of what it sees.")] = None,
) -> None:
    """Show what a protocol's judge is, and how it scores the real images."""
    from synthkit.benchmark import protocol as protocols
    from synthkit.benchmark.judges import is_trained, judge_folder, open_judge, read_record, real_scores
    from synthkit.benchmark.judges.sheet import judge_sheet
    from synthkit.cli.columns import print_scores
    from synthkit.errors import DataError

    chosen = protocols.load(protocol, root)
    judge = open_judge(chosen, judges, device=device)
    record = read_record(judge_folder(chosen, judges)) if is_trained(chosen) else None
    oracle = record.oracle if record else real_scores(judge, chosen)
    typer.echo(f"judge:      {judge.description}\nweights:    SHA-256 {judge.sha256}")
    if record:
        typer.echo(f"trained:    {record.seconds:.0f} s on {record.device}, {record.created}")
    print_scores({"real images": oracle})
    if out:
        try:
            judge_sheet(judge, chosen, oracle).save(out)
        except (OSError, ValueError) as error:
            raise DataError(f"{out} cannot be written: {error}") from error
        typer.echo(f"picture:    {out}")
