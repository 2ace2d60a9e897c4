"""State dicts in files that torch.save wrote, read without running what the file may hold."""

import pickle
import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from synthkit.errors import CheckpointError, shown

_WRAPPER = "module."  # what DataParallel puts before each key
_LARGEST = 2**30  # values in all: five times those of the largest published network
_REFUSED = re.compile(r"GLOBAL ([\w.]+)")


def read_state(path: Path) -> dict[str, Tensor]:
    """The state dict in a file of today's torch.save or of that before PyTorch 1.6, in float32 on the CPU.

    Keys lose the `module.` of DataParallel. Raises CheckpointError for a file that is damaged, holds anything
    but a state dict (a whole pickled model, code to execute) or values that are not finite.
    """
    content = _read(path)
    if not isinstance(content, dict) or not content:
        raise CheckpointError(f"{path} holds no state dict: {shown(content)}")
    for key, value in content.items():
        if not isinstance(key, str) or not _is_plain(value):
            raise CheckpointError(f"{path} holds no state dict: at {shown(key)} lies {shown(value)}")
    if sum(value.numel() for value in content.values()) > _LARGEST:  # few in the file may stand for many
        raise CheckpointError(f"{path} holds more than {_LARGEST:,} values")
    for key, value in content.items():
        if not value.isfinite().all():
            raise CheckpointError(f"{path}: {key} has values that are not finite")
    wrapped = all(key.startswith(_WRAPPER) for key in content)
    return {
        key.removeprefix(_WRAPPER) if wrapped else key: value.float() if value.is_floating_point() else value
        for key, value in content.items()
    }


def _is_plain(value: object) -> bool:
    """Whether it is a dense tensor of numbers with memory behind it."""
    return (
        type(value) is Tensor
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )


def _read(path: Path) -> object:
    try:
        _check_sums(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as err:
        raise CheckpointError(f"{path} cannot be read: {err}") from err
    except pickle.UnpicklingError as err:
        if refused := _REFUSED.search(str(err)):
            raise CheckpointError(
                f"{path} is refused: to load it would run {refused[1]}, and a state dict holds tensors only"
            ) from err
        raise CheckpointError(f"{path} is damaged, or not a state dict that torch.save wrote") from err
    except Exception as err:  # whatever torch makes of a damaged file
        raise CheckpointError(f"{path} is damaged, or not a file that torch.save wrote: {err}") from err


def _check_sums(path: Path) -> None:
    """Raises BadZipFile where a part is not as it was saved, which torch does not look at."""
    if zipfile.is_zipfile(path):  # those before PyTorch 1.6 are none
        with zipfile.ZipFile(path) as file:
            if part := file.testzip():
                raise zipfile.BadZipFile(f"the checksum of {part} is wrong")
