"""How a generator runs when it translates: in evaluation mode, or in part as in training."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

Dropout = nn.modules.dropout._DropoutNd
BatchNorm = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What a generator keeps of its training when it translates; with nothing it is in evaluation mode.

    pix2pix (section 3.3) keeps both.

    Args:
        dropout: whether features are dropped, as noise. It follows from the seed of `synthkit translate`, and
            in a validation from the number of the sample.
        batch_statistics: whether batch norms take the statistics of the images being translated in place of
            the running ones. An image then depends on those beside it in a batch.
    """

    dropout: bool = False
    batch_statistics: bool = False

    def __str__(self) -> str:
        kept = {"dropout": self.dropout, "batch statistics": self.batch_statistics}
        return " and ".join(name for name, on in kept.items() if on)

    def lacking(self, network: nn.Module) -> tuple[str, str] | None:
        """The first key that is on and its layer, where the network has none of these layers."""
        if self.dropout and not any(each.p > 0 for each in _layers(network, Dropout)):
            return "dropout", "dropout"
        if self.batch_statistics and not _layers(network, BatchNorm):
            return "batch_statistics", "batch norm"
        return None

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Within it the network translates like this, and no buffer changes."""
        before = [(module, module.training) for module in network.modules()]
        norms = [norm for norm in _layers(network, BatchNorm) if norm.track_running_stats]
        network.eval()
        try:
            for layer in _layers(network, Dropout):
                layer.training = self.dropout
            if self.batch_statistics:
                for norm in norms:
                    norm.training, norm.track_running_stats = True, False
            yield
        finally:
            for module, training in before:
                module.training = training
            for norm in norms:
                norm.track_running_stats = True


@contextmanager
def noise(seed: int, device: torch.device) -> Iterator[None]:
    """Within it random numbers on `device` follow from the seed, 0 or more; those outside go on untouched."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def _layers(network: nn.Module, kind: type) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, kind)]
