"""Resizing, cropping and flipping that moves all fields of a sample together."""

from collections.abc import Sequence

from synthkit.errors import DataError

MAPS = ("label", "instance")
IMAGES = ("image", "source", "edge_from")  # the last is a photo that only gives its edges
EDGE = "edge"


class PairedTransform:
    """Resizes, then crops, then flips: the same for every field of a sample.

    Images are resized bicubically with antialiasing; label and instance maps take the id nearest to each new
    pixel's centre, so no id is invented and none is rounded. Drawn edges lose no line, and lines stay thin.

    Args:
        resize: [height, width] in pixels.
        scale_width: new width in pixels, the height following in proportion.
        scale_short: new length of the shorter side in pixels, the other following; for photos of many sizes.
        jitter: [height, width] in pixels that training resizes to in place of `resize`, to cut a window of
            that at a random place (pix2pix, section 6.2).
        crop: [height, width] in pixels of a window at a random place.
        flip: mirror left and right with probability 1/2.
        validation_crop: [height, width] in pixels of the window in the middle that training validates on,
            where whole images take too much memory or time; they are validated whole by default.

    resize, scale_width and scale_short exclude each other, and so do jitter and crop. Photos of different
    sizes are one batch only after a resize or a crop. Randomness comes from torch's global CPU generator.
    Raises ValueError for sizes that make no sense.
    """

    def __init__(
        self,
        *,
        resize: Sequence[int] | None = None,
        scale_width: int | None = None,
        scale_short: int | None = None,
        jitter: Sequence[int] | None = None,
        crop: Sequence[int] | None = None,
        flip: bool = False,
        validation_crop: Sequence[int] | None = None,
    ):
        if sum(size is not None for size in (resize, scale_width, scale_short)) > 1:
            raise ValueError("resize, scale_width and scale_short exclude each other: give one of them")
        self.resize = None if resize is None else _size("resize", resize)
        self.scale_width = None if scale_width is None else _pixels("scale_width", scale_width)
        self.scale_short = None if scale_short is None else _pixels("scale_short", scale_short)
        self.jitter = None if jitter is None else _size("jitter", jitter)
        if jitter and (resize is None or crop):
            raise ValueError("jitter needs resize, whose size it cuts a window of, and no crop")
        self.crop = self.resize if jitter else None if crop is None else _size("crop", crop)
        self.validation_crop = None if validation_crop is None else _size("validation_crop", validation_crop)
        self.flip, self._window = flip, "crop"
        for key, whole in (("crop", "resize"), ("validation_crop", "resize"), ("resize", "jitter")):
            inner, outer = getattr(self, key), getattr(self, whole)
            if inner and outer and not _fits(inner, outer):
                raise ValueError(f"{key} {list(inner)} is larger than {whole} {list(outer)}")

    def evaluation(self) -> "PairedTransform":
        """The same resizing without the random parts."""
        return PairedTransform(resize=self.resize, scale_width=self.scale_width, scale_short=self.scale_short)

    def validation(self) -> "PairedTransform":
        """The same resizing, then the window that training validates on."""
        transform = self.evaluation()
        transform.crop, transform._window = self.validation_crop, "validation_crop"
        return transform

    def __call__(self, sample: dict) -> dict:
        """`sample` with its (H, W) maps and (H, W, C) images transformed, the rest as it was.

        Maps are integers, or booleans of drawn edges. Images are uint8, or floats in [-1, 1], which are not
        rounded. All arrays must have the same height and width. Raises DataError where the crop does not fit.
        """
        arrays = {field: sample[field] for field in (*MAPS, *IMAGES, EDGE) if field in sample}
        size = next(iter(arrays.values())).shape[:2]
        target = self.resized(size)
        self._check_crop(sample.get("name", "sample"), target)
        if target == size and not self.crop and not self.flip:
            return sample
        from synthkit.data.moves import move  # torchvision takes over a second to import

        resize = target if target != size else None
        return sample | move(arrays, resize=resize, window=(self._window, self.crop), flip=self.flip)

    def _check_crop(self, name: str, target: tuple[int, int]) -> None:
        if self.crop and not _fits(self.crop, target):
            key = self._window
            raise DataError(
                f"{name}: {key} {list(self.crop)} (height, width) is larger than the image, {list(target)}: "
                f"make data.transform.{key} smaller, or enlarge with resize, scale_width or scale_short"
            )

    def resized(self, size: tuple[int, int]) -> tuple[int, int]:
        """What resizing makes of a size, both (height, width)."""
        if self.scale_width is not None:
            return max(1, round(size[0] * self.scale_width / size[1])), self.scale_width
        if self.scale_short is not None:
            short = min(size)
            return tuple(round(side * self.scale_short / short) for side in size)
        return self.jitter or self.resize or size


def _size(key: str, values: Sequence[int]) -> tuple[int, int]:
    if len(values) != 2:
        raise ValueError(f"{key}: [height, width] in pixels is needed, not {list(values)}")
    return _pixels(key, values[0]), _pixels(key, values[1])


def _pixels(key: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{key}: at least 1 pixel is needed, not {value}")
    return value


def _fits(inner: Sequence[int], outer: Sequence[int]) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]
