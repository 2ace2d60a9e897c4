"""Scenes that are edited: label and instance maps, styles, and the images that a model makes of them."""

import importlib

__all__ = ["Look", "Scene", "State"]

# states and operations need no torch: the scene, which does, is fetched on first use
_PLACES = {"Look": "state", "Scene": "scene", "State": "state"}


def __getattr__(name: str):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
