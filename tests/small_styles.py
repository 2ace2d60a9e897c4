"""What the tests of styles share: an encoder of a moment, label maps as a batch, the command."""

import torch
from typer.testing import CliRunner

from synthkit.cli import app, edit, styles, translate  # noqa: F401  (importing registers the commands)

ENCODER = "model.encoder={type: pix2pixhd/instance_encoder, channels: 4, downsamples: 1}"


def call(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def batch_of(label, instance=None):
    fields = {"label": label, "instance": instance}
    return {key: torch.tensor(each)[None, None] for key, each in fields.items() if each is not None}
