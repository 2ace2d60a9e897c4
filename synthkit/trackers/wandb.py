"""Weights & Biases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from synthkit.registry import TRACKERS
from synthkit.trackers.content import identity, pictures, scalars, settings
from synthkit.trackers.guard import CLOSING


@TRACKERS.register_module("wandb")
class WandB:
    """Sends figures, samples and the config to Weights & Biases. Needs the package wandb.

    A resumed run goes on in the same run there. Figures are drawn over `step`, which may go back.

    Args:
        project: where the run belongs.
        name: of the run; the folder's name by default.
        entity: a user or team; the logged-in user's default by default.
        group: joins runs, the seeds of one study for example.
        tags: words to find the run by.
        mode: online; or offline, which writes to RUN/wandb alone, for `wandb sync`. By default what
            $WANDB_MODE says, else online.
    """

    def __init__(
        self,
        run: Path,
        *,
        project: str = "synthkit",
        name: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        tags: Sequence[str] = (),
        mode: Literal["online", "offline"] | None = None,
    ):
        import wandb

        self.image, self.ended = wandb.Image, False
        self.session = wandb.init(
            dir=run,
            id=identity(run, "wandb"),
            resume=None if mode == "offline" else "allow",
            project=project,
            name=name or run.resolve().name,
            entity=entity,
            group=group,
            tags=tuple(tags),
            mode=mode,
            config=settings(run),
            # what it waits for at its start and end also holds up the exit of the process
            settings=wandb.Settings(console="off", init_timeout=30, finish_timeout=CLOSING),
        )
        self.session.define_metric("step", hidden=True)
        self.session.define_metric("*", step_metric="step")

    def log(self, record: dict) -> None:
        """Send what a record holds of figures and pictures."""
        values = scalars(record)
        if record["kind"] == "samples":
            values = {f"samples/{name}": self.image(str(path)) for name, path in pictures(record)}
        if values:
            self.session.log({**values, "step": record["step"]})
        self.ended = self.ended or record["kind"] == "end"

    def close(self) -> None:
        self.session.finish(exit_code=0 if self.ended else 1)
