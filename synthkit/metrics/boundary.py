"""How sharp the boundaries between instances are."""

from torch import Tensor


def boundary_sharpness(
    fake: Tensor, real: Tensor, instance: Tensor, *, label: Tensor | None = None
) -> Tensor:
    """The contrast across instance boundaries of synthesised images (N,), as a share of the real ones'.

    1 is as sharp as the real image, less is blurred. It does not say whether the two sides have the right
    colours. With `label` only boundaries between instances of one class count. NaN without any boundary.
    fake, real (N, 3, H, W); instance, label (N, 1, H, W) ids.
    """
    return contrast(fake, instance, label) / contrast(real, instance, label)


def contrast(image: Tensor, instance: Tensor, label: Tensor | None = None) -> Tensor:
    """The mean absolute difference (N,) of neighbouring pixels that belong to different instances.

    Neighbours lie side by side or one above the other; with `label` they are of one class. In units of the
    image, averaged over its channels. NaN without any such pair.
    """
    total, count = 0, 0
    for dim in (2, 3):
        apart = _steps(instance, dim) != 0
        if label is not None:
            apart &= _steps(label, dim) == 0
        total += (_steps(image, dim).abs().mean(1, keepdim=True) * apart).sum((1, 2, 3))
        count += apart.sum((1, 2, 3))
    return total / count


def _steps(x: Tensor, dim: int) -> Tensor:
    """The differences of neighbours along a dimension."""
    size = x.shape[dim] - 1
    return x.narrow(dim, 1, size) - x.narrow(dim, 0, size)
