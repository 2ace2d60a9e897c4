"""Held-out samples: scored, and some of them drawn."""

from collections.abc import Callable, Mapping

import torch

from synthkit.data.loader import sequence
from synthkit.data.pictures import drawn_lines, label_colours, to_uint8
from synthkit.data.samples import Samples
from synthkit.devices import to_device
from synthkit.distributed import all_gather_object, get_rank, get_world_size
from synthkit.evaluate import Scores
from synthkit.metrics.metric import Scored
from synthkit.translator import Translator


def validate(
    model: Translator,
    samples: Samples,
    *,
    count: int,
    scores: Scores,
    drawn: int,
    give_up: Callable[[], bool] = lambda: False,
) -> dict[str, dict] | None:
    """Score the first `count` samples where they have photos; return pictures of the first `drawn` by name.

    Each process takes an equal stretch of them. A sample's number is the seed of its translation. None where
    `give_up` said so in between.
    """
    count = min(count, len(samples))
    share, rank = -(-count // get_world_size()), get_rank()
    pictures: dict[str, dict] = {}
    indices = range(rank * share, min((rank + 1) * share, count))
    for index, batch in zip(indices, sequence(samples, 1, indices=indices), strict=True):
        batch = to_device(batch, model.device)
        fake = model.translate(batch, seed=index)
        if "image" in batch:
            scores.add(Scored(fake, batch["image"], label=batch.get("label")))
        if index < drawn:
            pictures[batch["name"][0]] = pictures_of(batch, fake, getattr(samples.data, "palette", None))
        if give_up():
            return None
    return {name: kinds for each in all_gather_object(pictures) for name, kinds in each.items()}


def pictures_of(batch: Mapping, fake: torch.Tensor, palette) -> dict:
    """What is drawn of a batch of one: (H, W, 3) uint8 by kind, for `write_pictures`."""
    shown = {"source": batch.get("source"), "fake": fake, "real": batch.get("image")}
    pictures = {kind: to_uint8(images[0].cpu()) for kind, images in shown.items() if images is not None}
    if "edge" in batch:
        pictures["edge"] = drawn_lines(batch["edge"][0])
    if "label" in batch:
        label = batch["label"][0, 0].cpu().numpy()
        instance = batch["instance"][0, 0].cpu().numpy() if "instance" in batch else None
        pictures["label"] = label_colours(label, palette, instance)
    return pictures
