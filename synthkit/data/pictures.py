"""Pictures for people: label maps in colour, contact sheets and legends."""

import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

MOST_COLOURS = 300
MOST_CLASSES = 40  # of a legend that names classes without pixels
BACKGROUND, INK, FAINT, EDGE = (250, 250, 248), (38, 40, 44), (122, 126, 134), (214, 215, 212)
MARGIN, GAP, TEXT, LINE, SWATCH, GUTTER = 24, 10, 15, 26, 20, 28
LEAST_HEIGHT, MOST_HEIGHT, MOST_WIDTH = 192, 512, 768  # of a sheet's cell, in pixels


def palette_for(count: int) -> np.ndarray:
    """`count` (1 to 300) distinct colours as (count, 3) uint8, none near black.

    A longer palette starts with the shorter ones, and colours that follow one another differ clearly.
    Raises ValueError for another count.
    """
    if not 1 <= count <= MOST_COLOURS:
        raise ValueError(f"a palette of {count} colours: must be 1 to {MOST_COLOURS}")
    return _colours()[:count].copy()


@cache
def _colours() -> np.ndarray:
    """All colours, each the farthest in Oklab from those before it, its predecessor counting most."""
    lab, rgb = _candidates()
    chosen = [int(np.abs(lab - (0.66, -0.04, -0.11)).sum(1).argmin())]
    nearest = np.full(len(lab), np.inf)
    while len(chosen) < MOST_COLOURS:
        latest = np.linalg.norm(lab - lab[chosen[-1]], axis=1)
        nearest = np.minimum(nearest, latest)
        chosen.append(int(np.minimum(nearest, latest / 4).argmax()))
    return rgb[chosen]


def _candidates() -> tuple[np.ndarray, np.ndarray]:
    """Calm colours that a screen can show, as Oklab (N, 3) and RGB (N, 3) uint8."""
    light, chroma, hue = np.meshgrid(
        np.linspace(0.40, 0.92, 14), np.linspace(0.02, 0.17, 6), np.arange(0, 2 * np.pi, np.pi / 24)
    )
    lab = np.stack([light, chroma * np.cos(hue), chroma * np.sin(hue)], -1).reshape(-1, 3)
    linear = _oklab_to_linear(lab)
    shown = ((linear >= 0) & (linear <= 1)).all(1)
    lab, linear = lab[shown], linear[shown]
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return lab, np.rint(srgb * 255).astype(np.uint8)


def _oklab_to_linear(lab: np.ndarray) -> np.ndarray:
    """Oklab (N, 3) as linear RGB, by the matrices of Ottosson, "A perceptual color space", 2020."""
    cones = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728],
                      [1, -0.0894841775, -1.2914855480]])  # fmt: skip
    rgb = np.array([[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
                    [-0.0041960863, -0.7034186147, 1.7076147010]])  # fmt: skip
    return (lab @ cones.T) ** 3 @ rgb.T


def label_colours(
    label: np.ndarray, palette: np.ndarray | None = None, instance: np.ndarray | None = None
) -> np.ndarray:
    """A label map (H, W) of ids in the palette's colours, as (H, W, 3) uint8.

    palette: (classes, 3) uint8; without one, ids 0 to 254 get the colours of `palette_for`.
    instance: (H, W) ids, whose boundaries are drawn as thin lines, a darker shade of the class.
    Ids outside the palette, such as 255 for unlabelled, are black.
    """
    palette = palette_for(255) if palette is None else np.asarray(palette, np.uint8)
    ids = np.asarray(label).astype(np.int64)
    table = np.vstack([palette, np.zeros((1, 3), np.uint8)])
    coloured = table[np.where((ids >= 0) & (ids < len(palette)), ids, len(palette))]
    if instance is not None:
        coloured[_boundaries(np.asarray(instance))] //= 2
    return coloured


def _boundaries(instance: np.ndarray) -> np.ndarray:
    """Where an id (H, W) differs from its right or lower neighbour: lines of one pixel, (H, W) bool."""
    edge = np.zeros(instance.shape, bool)
    edge[:, :-1] |= instance[:, :-1] != instance[:, 1:]
    edge[:-1] |= instance[:-1] != instance[1:]
    return edge


def to_uint8(image: torch.Tensor) -> np.ndarray:
    """An image (C, H, W) in [-1, 1] as (H, W, 3) uint8 RGB: clipped, then rounded.

    Of more than three channels the first three are shown, of fewer the first one as grey.
    """
    shown = image[:3] if len(image) >= 3 else image[:1].expand(3, -1, -1)
    scaled = (shown.detach().float().clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def drawn_lines(edge: torch.Tensor) -> np.ndarray:
    """Edges (1, H, W), 1 on lines and else 0, as (H, W, 3) uint8: black on white."""
    return to_uint8(1 - 2 * edge)


def sheet(
    rows: Sequence[Sequence[np.ndarray | None]], columns: Sequence[str], captions: Sequence[str] | None = None
) -> Image.Image:
    """A contact sheet: rows of images (H, W, 3) uint8 below the headings `columns`; None leaves a gap.

    All cells are equal; images are fitted into them with their aspect kept, small ones enlarged by a
    whole factor. `captions`, one per row, stand below the rows.
    Raises ValueError where a row has not one image per column, or the rows not one caption each.
    """
    _check_rows(rows, columns, captions)
    wide, high = _cell(rows)
    line = TEXT + 12 if captions else 0
    top, step = MARGIN + TEXT + 14, (wide + GAP, high + line + GAP)
    page = _page(2 * MARGIN + step[0] * len(columns) - GAP, top + step[1] * len(rows) - GAP + MARGIN)
    pen = ImageDraw.Draw(page)
    for column, heading in enumerate(columns):
        _write(pen, (MARGIN + column * step[0], MARGIN), heading, wide)
    for number, row in enumerate(rows):
        y = top + number * step[1]
        for column, array in enumerate(row):
            if array is not None:
                _paste(page, _fitted(array, wide, high), MARGIN + column * step[0], y, wide, high)
        if captions:
            _write(pen, (MARGIN, y + high + 5), captions[number], page.width - 2 * MARGIN, FAINT, TEXT - 2)
    return page


def _check_rows(rows: Sequence, columns: Sequence[str], captions: Sequence[str] | None) -> None:
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(f"row {number} of the sheet has {len(row)} images for {len(columns)} columns")
    if captions is not None and len(captions) != len(rows):
        raise ValueError(f"the sheet has {len(captions)} captions for {len(rows)} rows")


def _cell(rows: Sequence[Sequence[np.ndarray | None]]) -> tuple[int, int]:
    """Width and height of a cell that holds the largest image, enlarged or reduced to a fair size."""
    sizes = [array.shape[:2] for row in rows for array in row if array is not None]
    high, wide = np.max(sizes, axis=0).tolist() if sizes else (LEAST_HEIGHT, LEAST_HEIGHT)
    scale = min(1, MOST_HEIGHT / high, MOST_WIDTH / wide)
    if scale == 1:
        scale = max(1, min(-(-LEAST_HEIGHT // high), MOST_WIDTH // wide))
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _fitted(array: np.ndarray, wide: int, high: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(array))
    scale = min(wide / image.width, high / image.height)
    if scale >= 1:
        size = (image.width * int(scale), image.height * int(scale))
        return image.resize(size, Image.Resampling.NEAREST)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _paste(page: Image.Image, image: Image.Image, x: int, y: int, wide: int, high: int) -> None:
    page.paste(image, (x + (wide - image.width) // 2, y + (high - image.height) // 2))


def legend(
    names: Sequence[str], palette: np.ndarray, shares: Sequence[float] | None = None, *, width: int = 960
) -> Image.Image:
    """Swatches of the classes with id, name and, from `shares` (0 to 1), the share of pixels in %.

    palette: (classes, 3) uint8. The classes run down as many columns as fit into `width` pixels. With
    `shares`, more than MOST_CLASSES classes are cut down to those that have pixels.
    """
    kept = range(len(names))
    if shares is not None and len(names) > MOST_CLASSES:
        kept = [number for number in kept if shares[number] > 0]
    names, notes = [names[n] for n in kept], ["" if shares is None else _percent(shares[n]) for n in kept]
    ids, words, room = (_room(texts) for texts in (map(str, kept), names, notes))
    before, after = SWATCH + 10 + ids, room + 16 if room else 0
    words = min(words, width - 2 * MARGIN - before - 9 - after)
    inner = before + 9 + words + after
    lines = max(1, -(-len(names) // max(1, (width - 2 * MARGIN + GUTTER) // (inner + GUTTER))))
    page = _page(width, 2 * MARGIN + lines * LINE - 8)
    pen = ImageDraw.Draw(page)
    for number, (id_, name, note) in enumerate(zip(kept, names, notes, strict=True)):
        x, y = MARGIN + number // lines * (inner + GUTTER), MARGIN + number % lines * LINE
        colour = tuple(int(part) for part in palette[id_])
        pen.rounded_rectangle((x, y, x + SWATCH, y + TEXT + 2), 4, colour, EDGE)
        pen.text((x + before, y), str(id_), FAINT, _font(TEXT), anchor="ra")
        _write(pen, (x + before + 9, y), name, words)
        pen.text((x + inner, y), note, FAINT, _font(TEXT), anchor="ra")
    return page


def _room(texts: Iterable[str]) -> int:
    """The width of the longest text in pixels."""
    return math.ceil(max(map(_font(TEXT).getlength, texts), default=0))


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 or share == 0 else "<0.1%"


def stack(images: Sequence[Image.Image]) -> Image.Image:
    """Images one below the other, on one light page."""
    page = _page(max(image.width for image in images), sum(image.height for image in images))
    top = 0
    for image in images:
        page.paste(image, (0, top))
        top += image.height
    return page


def _page(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), BACKGROUND)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, room: float, fill=INK, size: int = TEXT
) -> None:
    """Write one line, shortened to `room` pixels."""
    font, text = _font(size), " ".join(text.split())
    if font.getlength(text) > room:
        while text and font.getlength(text + "…") > room:
            text = text[:-1]
        text += "…"
    pen.text(at, text, fill, font)
