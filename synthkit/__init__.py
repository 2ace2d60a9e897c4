"""synthkit: a plugin-based research toolkit for paired image-to-image translation with GANs."""

import importlib

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "load", "load_config", "train"]

# importing synthkit does not import torch: each name is fetched on first use
_PUBLIC = {
    "compare": ("synthkit.comparison", "compare"),
    "load": ("synthkit.inference", "load"),
    "load_config": ("synthkit.config", "load"),
    "train": ("synthkit.stages", "train"),
}


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
