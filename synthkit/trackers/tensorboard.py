"""TensorBoard's event files."""

from pathlib import Path

import numpy as np
from PIL import Image

from synthkit.registry import TRACKERS
from synthkit.trackers.content import pictures, scalars


@TRACKERS.register_module("tensorboard")
class TensorBoard:
    """Writes figures, samples and the config to RUN/tensorboard; look at it with `tensorboard --logdir RUN`.

    Needs the package tensorboard. A resumed run hides what was logged after the step it goes on from.
    """

    def __init__(self, run: Path):
        from torch.utils.tensorboard import SummaryWriter

        self.run, self.open, self.writer = run, SummaryWriter, None

    def log(self, record: dict) -> None:
        """Write what TensorBoard can show of a record."""
        step = record["step"]
        if record["kind"] == "start":
            self._start(step)
        if self.writer is None:
            return
        for name, value in scalars(record).items():
            self.writer.add_scalar(name, value, step)
        if record["kind"] == "samples":
            for name, path in pictures(record):
                self.writer.add_image(
                    f"samples/{name}", np.asarray(Image.open(path)), step, dataformats="HWC"
                )
        if record["kind"] in ("warning", "end"):
            self.writer.add_text(record["kind"], record.get("message") or record.get("reason") or "", step)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()

    def _start(self, step: int) -> None:
        self.close()
        self.writer = self.open(str(self.run / "tensorboard"), purge_step=step + 1, flush_secs=10)
        config = self.run / "config.yaml"
        if config.is_file():
            self.writer.add_text("config", f"```yaml\n{config.read_text('utf-8')}\n```", step)
