"""Run folders with the weights as they were drawn, for tests that need a model and no training."""

import torch
from small_runs import tiny

from synthkit import build, checkpoint, config
from synthkit.translator import Translator


def untrained(folder, *overrides: str):
    """A run folder that translates, of the tiny config with overrides; its weights have a seed."""
    cfg = tiny(*overrides)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = Translator.from_config(build.need(cfg, "model"), training=False).networks
    state = {"config": config.plain(cfg), "progress": {"step": 1}, "random": []}
    checkpoint.save(folder / "checkpoints", step=1, state=state, tensors={"weights": networks.state_dict()})
    return folder
