"""Style codes of a run: found by clustering, stored beside its checkpoints, chosen by class or instance."""

from synthkit.styles.codes import Styles

__all__ = ["Styles"]
