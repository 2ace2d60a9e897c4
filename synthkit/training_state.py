"""What a resumed training needs besides weights: the state of optimisers, losses and random numbers."""

import random
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from synthkit.checkpoint import Checkpoint
from synthkit.distributed import all_gather_object, get_rank
from synthkit.errors import CheckpointError
from synthkit.translator import Translator


def collect(model: Translator, optimizers: Mapping[str, Optimizer]) -> tuple[list[dict], dict[str, Tensor]]:
    """The random states of each process as plain data, and all tensors of the training's state.

    Optimisers and losses are the same in every process; random states and the pool of fakes are its own.
    """
    plain, generators = random_states()
    own = {f"random/{key}": value for key, value in generators.items()}
    if model.pool is not None:
        own |= {f"pool/{key}": value for key, value in model.pool.tensors().items()}
    processes = all_gather_object((plain, own))
    tensors = {f"optimizers/{key}": value for key, value in optimizer_tensors(optimizers).items()}
    tensors |= {f"losses/{key}": value for key, value in loss_tensors(model.losses).items()}
    for rank, (_, theirs) in enumerate(processes):
        tensors |= {f"process{rank}/{key}": value for key, value in theirs.items()}
    return [plain for plain, _ in processes], tensors


def restore(start: Checkpoint, model: Translator, optimizers: Mapping[str, Optimizer]) -> bool:
    """Load what `collect` gave into this process; whether it held this process's own state.

    A training that goes on with more processes than it was saved with has none for the new ones. Raises
    CheckpointError where the file does not fit the optimisers or the losses.
    """
    try:
        tensors, rank = start.training(), get_rank()
        load_optimizers(optimizers, _under(tensors, "optimizers"))
        load_losses(model.losses, _under(tensors, "losses"))
        own, plain = _under(tensors, f"process{rank}"), start.state["random"]
        if not own:
            return False
        set_random_states(plain[rank], _under(own, "random"))
        if model.pool is not None:
            model.pool.load_tensors(_under(own, "pool"))
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as err:
        raise CheckpointError(f"{start.path}: the training state does not fit: {err!r}") from err
    return True


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    prefix += "/"
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def optimizer_tensors(optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """The optimisers' tensors as GROUP/INDEX/ENTRY."""
    return {
        f"{name}/{index}/{entry}": torch.as_tensor(value)
        for name, optimizer in optimizers.items()
        for index, entries in optimizer.state_dict()["state"].items()
        for entry, value in entries.items()
        if value is not None  # SGD without momentum has an empty buffer
    }


def load_optimizers(optimizers: Mapping[str, Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Load what `optimizer_tensors` gave; raises KeyError, IndexError or ValueError where it does not fit."""
    states: dict[str, dict] = {name: {} for name in optimizers}
    for key, value in tensors.items():
        name, index, entry = key.split("/")
        states[name].setdefault(int(index), {})[entry] = value
    for name, optimizer in optimizers.items():
        _load_optimizer(optimizer, states[name])


def _load_optimizer(optimizer: Optimizer, state: dict[int, dict[str, Tensor]]) -> None:
    """Load the state by parameter index, each tensor in the memory format of its parameter.

    torch's fused optimisers walk parameter and moments in memory order without looking at their strides.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, entries in state.items():
        like = parameters[index]
        if entries.keys() != next(iter(state.values())).keys():
            raise ValueError(f"parameter {index} has {sorted(entries)}, unlike the others")
        for entry, value in entries.items():
            if value.shape not in (like.shape, torch.Size()) or not value.is_floating_point():
                raise ValueError(f"{entry} of parameter {index} is {tuple(value.shape)} {value.dtype}")
            if value.shape == like.shape:
                entries[entry] = torch.empty_like(like, dtype=value.dtype).copy_(value)
    groups = optimizer.state_dict()["param_groups"]  # the config's; the rate is set at each step
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def loss_tensors(losses: nn.ModuleDict) -> dict[str, Tensor]:
    """The losses' own buffers, such as running means, as NAME/BUFFER; not those of networks inside them."""
    return {
        f"{name}/{key}": buffer
        for name, loss in losses.items()
        for key, buffer in loss.named_buffers(recurse=False)
    }


def load_losses(losses: nn.ModuleDict, tensors: Mapping[str, Tensor]) -> None:
    """Load what `loss_tensors` gave; raises ValueError where it does not fit."""
    mine = loss_tensors(losses)
    if mine.keys() != tensors.keys() or any(mine[key].shape != tensors[key].shape for key in mine):
        raise ValueError(f"the losses keep {sorted(mine)}, and the file holds {sorted(tensors)}")
    for key, buffer in mine.items():
        buffer.copy_(tensors[key])


def random_states() -> tuple[dict, dict[str, Tensor]]:
    """The states of Python's and NumPy's generators as plain data, and of torch's as tensors."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, gauss_next = random.getstate()
    plain = {
        "python": [version, list(internal), gauss_next],
        "numpy": [kind, keys.tolist(), position, has_gauss, gauss],
    }
    tensors = {"cpu": torch.get_rng_state()}
    return plain, tensors | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def set_random_states(plain: Mapping, tensors: Mapping[str, Tensor]) -> None:
    """Set what `random_states` gave; raises KeyError, TypeError, ValueError or RuntimeError otherwise."""
    torch.set_rng_state(tensors["cpu"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])
    version, internal, gauss_next = plain["python"]
    random.setstate((version, tuple(internal), gauss_next))
    kind, keys, *rest = plain["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
