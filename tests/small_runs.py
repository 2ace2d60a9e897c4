"""Runs of seconds: their config, what they log, and what stays of one that was stopped half-way."""

import json
import shutil

from synthkit import config

TINY = {
    "model": {
        "inputs": {"label": {"classes": 12}, "boundary": {}},
        "generator": {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1},
        "discriminator": {"type": "patch", "channels": 4, "layers": 1},
        "losses": {"gan": {"type": "lsgan"}, "pixels": {"type": "l1", "weight": 10}},
    },
    "data": {"type": "streets", "size": [16, 32], "count": 5, "transform": {"flip": True}},
    "train": {
        "steps": 6,
        "batch_size": 2,
        "workers": 0,
        "log_every": 2,
        "validate_every": 3,
        "save_every": 3,
        "validation_images": 2,
        "samples": 2,
        "keep": 2,
        "dry_run": False,
    },
}


def tiny(*overrides: str):
    return config.from_dict(TINY, overrides=overrides)


def records(run) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def half_of(run, folder):
    """A copy of a run as it was at step three."""
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copy(run / "config.yaml", folder)
    shutil.copytree(run / "checkpoints" / "00000003", folder / "checkpoints" / "00000003")
    return folder
