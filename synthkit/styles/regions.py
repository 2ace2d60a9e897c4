"""The instances of a scene: where they lie, which class they are of, and their codes as a map."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Regions(NamedTuple):
    """The R instances of one scene, in the order of their ids.

    ids (R,), labels (R,) the label that most of the instance's pixels have, pixels (R,) how many there are,
    first (R,) the flat index of one of them; where (H, W) holds the place in this order of each pixel's.
    """

    ids: np.ndarray
    labels: np.ndarray
    pixels: np.ndarray
    first: np.ndarray
    where: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """The share of the scene that each instance takes, above 0 to 1: (R,)."""
        return self.pixels / self.where.size

    def gather(self, style: Tensor) -> Tensor:
        """The code of each instance, (R, F) float32, out of a map (F, H, W) that is constant in each.

        The map may be larger than the scene, padded on the right and below.
        """
        rows, columns = np.unravel_index(self.first, self.where.shape)
        return style[:, rows, columns].T.float().cpu()

    def scatter(self, codes: Tensor) -> Tensor:
        """The map (1, F, H, W) of codes (R, F)."""
        return codes[torch.from_numpy(self.where)].permute(2, 0, 1).unsqueeze(0)


def find_regions(batch: Mapping) -> Regions:
    """The instances of a batch of one: those of its `instance`, or without it one for each label.

    Without labels, all are of class 0.
    """
    instance = (batch["instance"] if "instance" in batch else batch["label"])[0, 0].cpu().numpy()
    label = batch["label"][0, 0].cpu().numpy() if "label" in batch else np.zeros_like(instance)
    ids, first, where, pixels = np.unique(
        instance, return_index=True, return_inverse=True, return_counts=True
    )
    where, most = where.reshape(label.shape), int(label.max()) + 1
    votes = np.bincount((where * most + label).ravel(), minlength=len(ids) * most)
    return Regions(ids, votes.reshape(len(ids), most).argmax(1), pixels, first, where)
