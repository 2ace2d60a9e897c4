"""The plugin plugin_name: what it imports is registered."""

from . import generator, loss

__all__ = ["generator", "loss"]
__version__ = "0.1.0"
