"""Runs of seconds: their config, what they log and learn, and what stays of one that was stopped half-way."""

import json
import shutil

from synthkit import checkpoint, config

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

LOCAL = {"type": "pix2pixhd/local", "channels": 2, "downsamples": 1, "blocks": 1, "local_blocks": 1}
GLOBAL = {"_delete_": True, "type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1}
STAGED = {
    "model": {
        **TINY["model"],
        "generator": LOCAL,
        "discriminator": {"type": "pix2pixhd/multiscale", "channels": 4, "layers": 1, "scales": 3},
    },
    "data": {**TINY["data"], "size": [32, 64]},
    "train": {**TINY["train"], "validation_images": 1, "samples": 1},
    "stages": {
        "global": {
            "model": {"generator": GLOBAL, "discriminator": {"scales": 2}},
            "data": {"size": [16, 32]},
            "train": {"steps": 3, "validation_images": 0},
        },
        "enhancer": {"train": {"steps": 2, "only": ["generator.enhancers"]}},
        "both": {"train": {"steps": 4}},
    },
}


def tiny(*overrides: str):
    return config.from_dict(TINY, overrides=overrides)


def staged(*overrides: str):
    return config.from_dict(STAGED, overrides=overrides)


def records(run) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def of(run, kind: str) -> list[dict]:
    """The records of one kind."""
    return [record for record in records(run) if record["kind"] == kind]


def weights(run, step: int) -> dict:
    return checkpoint.read(run / "checkpoints" / f"{step:08d}").weights()


def half_of(run, folder):
    """A copy of a run as it was at step three."""
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copy(run / "config.yaml", folder)
    shutil.copytree(run / "checkpoints" / "00000003", folder / "checkpoints" / "00000003")
    return folder
