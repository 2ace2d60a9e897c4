"""The kernel distance of features, which is unbiased for few images too."""

import torch
from torch import Tensor

from synthkit.metrics.checks import check_count
from synthkit.metrics.features import INCEPTION, LITE0, Shared
from synthkit.metrics.metric import Metric, Scored
from synthkit.registry import METRICS

SUBSETS, SUBSET_SIZE = 100, 100
KEPT = 10_000  # rows, as many as the subsets hold together


def polynomial_mmd(first: Tensor, second: Tensor) -> Tensor:
    """The unbiased squared maximum mean discrepancy of rows (M, D) and (N, D), M and N two or more.

    With the kernel (x·y / D + 1)³: Gretton et al., 2012, lemma 6; Bińkowski et al., ICLR 2018. Leading
    dimensions are separate cases. It is below zero half of the time for rows of one distribution.
    """
    within = sum(_mean_of_pairs(_kernel(each, each)) for each in (first, second))
    return within - 2 * _kernel(first, second).mean((-2, -1))


def _kernel(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.mT / first.shape[-1] + 1) ** 3


def _mean_of_pairs(kernel: Tensor) -> Tensor:
    """The mean off the diagonal."""
    size = kernel.shape[-1]
    return (kernel.sum((-2, -1)) - kernel.diagonal(dim1=-2, dim2=-1).sum(-1)) / (size * (size - 1))


def kernel_distance(fake: Tensor, real: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of `polynomial_mmd` over 100 random subsets of rows (N, D), in float64.

    A subset is min(100, N) rows of each; up to 100 rows all subsets are the same. The draw is always the
    same for the same N.
    """
    generator = torch.Generator().manual_seed(0)
    size = min(SUBSET_SIZE, len(fake), len(real))
    values = []
    for _ in range(SUBSETS):
        pair = (rows[torch.randperm(len(rows), generator=generator)[:size]].double() for rows in (fake, real))
        values.append(polynomial_mmd(*pair))
    values = torch.stack(values)
    return values.mean().item(), values.std(correction=0).item()


class Drawn:
    """Up to KEPT random ones of all the rows that come, each as likely as any; `a + b` are those of both.

    A row's chance is a random number that follows from its place in the order.
    """

    def __init__(self):
        self.seen, self.rows, self.chances = 0, [], []

    def add(self, rows: Tensor) -> None:
        """Take in rows (sets, N, D), which are kept or left in all sets alike."""
        count = rows.shape[1]
        generator = torch.Generator().manual_seed(self.seen)
        self.chances.append(torch.rand(count, generator=generator))
        self.rows.append(rows.cpu())
        self.seen += count
        if sum(map(len, self.chances)) > 2 * KEPT:
            self._thin()

    def __add__(self, other: "Drawn") -> "Drawn":
        both = Drawn()
        both.seen = self.seen + other.seen
        both.rows, both.chances = self.rows + other.rows, self.chances + other.chances
        return both

    def all(self) -> Tensor:
        """The rows (sets, N, D) that are kept, in their order."""
        self._thin()
        return self.rows[0]

    def _thin(self) -> None:
        rows, chances = torch.cat(self.rows, 1), torch.cat(self.chances)
        kept = chances.argsort()[:KEPT].sort().values
        self.rows, self.chances = [rows[:, kept]], [chances[kept]]


class Kernel(Metric):
    """The kernel distance of a network's features of synthesised and of real images."""

    higher_is_better = False
    least = 2
    network: Shared

    def __init__(self):
        self.network.load()  # a missing file is found before anything is scored
        self.total = Drawn()

    def add(self, scored: Scored) -> None:
        self.total.add(torch.stack(scored.features(self.network)))

    def values(self) -> dict[str, float]:
        if not self.total.seen:
            return {}
        check_count(self.name, self.total.seen, self.least)
        mean, deviation = kernel_distance(*self.total.all())
        return {self.name: mean, f"{self.name}_std": deviation}


@METRICS.register_module("kid")
class KID(Kernel):
    """Kernel Inception distance (Bińkowski et al., ICLR 2018), unbiased for few images too.

    The network and resizing are those of `fid`; the kernel is (x·y / 2048 + 1)³. The mean over 100 random
    subsets of min(100, N) images, and as `kid_std` their standard deviation, which is 0 for up to 100
    images. Of more than 10,000 images 10,000 random ones count. Two images or more.
    """

    name, network = "kid", INCEPTION


@METRICS.register_module("kd_efflite0")
class EfficientNetKernel(Kernel):
    """The kernel distance on the features of `fd_efflite0`, unbiased for few images too; it is not KID.

    The mean over 100 random subsets of min(100, N) images, and as `kd_efflite0_std` their standard
    deviation. Two images or more, of 32 pixels or more.
    """

    name, network = "kd_efflite0", LITE0
