"""Dicts of arrays in files that numpy.save pickled, read without running what the file may hold.

The unpickler knows arrays, their types and scalars by name, and puts classes of its own in their place,
which only keep what they are given; numpy itself sees checked types and sizes. Whatever else a pickle
names is refused. The core types that need no name (dict, list, tuple, numbers, text) pass.
"""

import io
import math
import operator
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np

from synthkit.errors import CheckpointError, shown

TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")


def read_arrays(path: Path) -> dict[int, np.ndarray]:
    """The dict of integers to arrays of numbers that `numpy.save` wrote, on Python 2 or 3.

    Raises CheckpointError for a file that is damaged or holds anything else.
    """
    try:
        content = _unpickled(path.read_bytes())
        return {operator.index(key): _made(item) for key, item in content.items()}
    except OSError as err:
        raise CheckpointError(f"{path} cannot be read: {err}") from err
    except Exception as err:  # whatever comes of a damaged or crafted pickle
        raise CheckpointError(f"{path} is not a dict of arrays that numpy.save wrote: {err}") from err


def _unpickled(data: bytes) -> dict:
    """The dict inside the array of objects without dimensions that numpy.save makes of one."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
    shape, _, dtype = read_header[version[0]](file)
    if shape != () or not dtype.hasobject:
        raise ValueError(f"it holds an array {shape} of {dtype}")
    content = _Unpickler(file, encoding="latin1").load()  # which text is bytes to Python 2
    if isinstance(content, _Array) and isinstance(content.state, list) and len(content.state) == 1:
        content = content.state[0]
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}")
    return content


class _Type:
    """In place of numpy.dtype: its name, and its byte order."""

    def __init__(self, name: str, *flags):
        self.name, self.order = name, "="

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def made(self) -> np.dtype:
        if self.name not in TYPES or self.order not in ("<", ">", "=", "|"):
            raise ValueError(f"it has values of type {self.name!r}")
        return np.dtype(self.order + self.name)


class _Array:
    """In place of numpy.ndarray: its shape, type, order and bytes (a list where its items are objects)."""

    def __setstate__(self, state: tuple) -> None:
        _, self.shape, self.type, self.columns, self.state = state

    def made(self) -> np.ndarray:
        flat = np.frombuffer(_bytes(self.state), self.type.made())
        if len(flat) != math.prod(self.shape):
            raise ValueError(f"it has {len(flat)} values for an array {self.shape}")
        return flat.reshape(self.shape, order="F" if self.columns else "C")


class _Unpickler(pickle.Unpickler):
    """Knows the names of what numpy.save writes, under the modules of numpy 1 and 2."""

    def find_class(self, module: str, name: str) -> Callable:
        known = _KNOWN.get((module.replace("numpy._core", "numpy.core"), name))
        if known is None:
            raise ValueError(f"it is refused: to load it would run {module}.{name}")
        return known


def _reconstruct(kind: type, shape: tuple, code: object) -> _Array:
    return _Array()


def _scalar(kind: _Type, data: bytes | str) -> np.generic:
    return np.frombuffer(_bytes(data), kind.made())[0]


def _bytes(data: bytes | str) -> bytes:
    return data.encode("latin1") if isinstance(data, str) else data


_KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): lambda text, encoding: _bytes(text),  # how protocol 2 writes bytes
    ("__builtin__", "bytes"): lambda: b"",  # and how none of them
}


def _made(content: object) -> np.ndarray:
    if not isinstance(content, _Array):
        raise ValueError(f"it holds {shown(content)}")
    return content.made()
