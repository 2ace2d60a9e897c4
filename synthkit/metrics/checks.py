"""What is refused before any metric computes: images that no metric could score rightly."""

from torch import Tensor

from synthkit.errors import DataError, shown

TOLERANCE = 1e-3  # by which a value may lie outside [-1, 1]


def check_images(images: Tensor, what: str, *, size: tuple[int, ...] | None = None) -> None:
    """Raise DataError unless these are (N, 3, H, W) finite floats in [-1, 1], N 1 or more.

    `what` names them in the message; `size` is the (N, 3, H, W) of the images that they go with.
    """
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != 3:
        given = tuple(images.shape) if isinstance(images, Tensor) else shown(images)
        raise DataError(f"{what}: metrics take images of 3 channels, (N, 3, H, W), not {given}")
    if not images.is_floating_point():
        raise DataError(f"{what}: metrics take floats in [-1, 1], not {images.dtype}")
    if not images.numel():
        raise DataError(f"{what}: there is no pixel in {tuple(images.shape)}")
    if size is not None and images.shape != size:
        raise DataError(
            f"{what}: (N, C, H, W) is {tuple(images.shape)}, but that of the synthesised images {tuple(size)}"
        )
    _check_values(images, what)


def _check_values(images: Tensor, what: str) -> None:
    low, high = (bound.item() for bound in images.aminmax())  # NaN if any value is
    if not low >= -1 - TOLERANCE or not high <= 1 + TOLERANCE:
        raise DataError(f"{what}: metrics take finite values in [-1, 1], and these span {low:g} to {high:g}")


def check_count(name: str, count: int, least: int) -> None:
    """Raise DataError where a metric has fewer images than it takes."""
    if count < least:
        raise DataError(f"the metric {name!r} takes {least} images or more, not {count}")
