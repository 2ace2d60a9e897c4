"""What moves in a street: cars and people."""

from collections.abc import Sequence

from synthkit.data.streets.canvas import ROUND, Canvas, Colour, Flat, Mood, Point, Thing, pick, scale

CAR_PAINTS = (
    (196, 30, 36), (28, 74, 150), (235, 236, 238), (40, 42, 48), (150, 156, 164), (232, 178, 34),
    (32, 104, 84), (226, 104, 40), (92, 150, 196), (120, 28, 52), (206, 198, 178), (78, 86, 98),
)  # fmt: skip
# Outlines in (along, up), in metres, from the near end of a car that is seen from behind; after each the
# segments that are made of glass.
SALOON = (
    (0, 0.3), (0, 0.85), (0.15, 0.98), (0.75, 1.0), (1.35, 1.42), (2.6, 1.44), (3.35, 0.98), (4.3, 0.85),
    (4.45, 0.3),
), (3, 5)  # fmt: skip
HATCH = (
    (0, 0.3), (0, 0.9), (0.12, 1.0), (0.45, 1.45), (2.2, 1.5), (3.0, 1.0), (3.75, 0.85), (3.9, 0.3)
), (2, 4)  # fmt: skip
ESTATE = (
    (0, 0.35), (0, 1.0), (0.1, 1.1), (0.4, 1.68), (2.9, 1.72), (3.6, 1.12), (4.5, 0.98), (4.65, 0.35)
), (2, 4)  # fmt: skip
VAN = (
    (0, 0.35), (0, 1.1), (0.02, 1.2), (0.08, 2.05), (3.6, 2.1), (4.4, 1.25), (5.0, 1.0), (5.1, 0.35)
), (2, 4)  # fmt: skip
BODIES = (SALOON, HATCH, ESTATE, SALOON, HATCH, VAN)


WHEEL = ((0.36, (20, 20, 22)), (0.21, (150, 154, 160)), (0.08, (84, 86, 92)))  # radius and colour, inwards


def car(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """A car as an extruded outline; on the left of the road it comes towards the camera."""
    camera, z = canvas.camera, thing.z
    coming = thing.deep < 0
    outline, glass = pick(BODIES, thing.luck[1])
    length = outline[-1][0]
    if coming:
        outline = tuple((length - a, b) for a, b in reversed(outline))
        glass = tuple(len(outline) - 2 - g for g in glass)
    half = 0.95 if outline[3][1] > 1.9 else 0.87
    left, right = thing.x - half, thing.x + half
    paint = scale(pick(CAR_PAINTS, thing.luck[0]), 0.92 + 0.16 * thing.luck[2])
    pane = (52, 66, 82)

    def across(a: Point, b: Point, inset: float = 0.0) -> list[Point]:
        return [
            camera.at(left + inset, a[1], z + a[0]), camera.at(right - inset, a[1], z + a[0]),
            camera.at(right - inset, b[1], z + b[0]), camera.at(left + inset, b[1], z + b[0]),
        ]  # fmt: skip

    for number in range(len(outline) - 3, -1, -1):
        a, b = outline[number], outline[number + 1]
        upright = abs(b[1] - a[1]) / (abs(b[1] - a[1]) + abs(b[0] - a[0]))
        tone = 1.14 - 0.4 * upright
        canvas.polygon(across(a, b), mood.tint(paint, z, tone), thing.code)
        if number in glass:
            canvas.polygon(across(a, b, 0.13), mood.tint(pane, z, 1.0 + 0.9 * (1 - upright)))
    _car_end(canvas, mood, thing, (left, right, outline[1][1], coming))
    _car_side(canvas, mood, thing, (left, right, outline, paint))


def _car_end(canvas: Canvas, mood: Mood, thing: Thing, shape: tuple) -> None:
    left, right, high, coming = shape
    flat, z = Flat(canvas.camera, 0.0, thing.z), thing.z
    canvas.polygon(flat.box(left, 0.22, right, 0.46), mood.tint((38, 38, 42), z), thing.code)
    lamp = (255, 246, 214) if coming else (214, 32, 30)
    for x in (left + 0.05, right - 0.4):
        canvas.polygon(flat.box(x, high - 0.26, x + 0.35, high - 0.08), mood.tint(lamp, z, 1.05))
    middle = (left + right) / 2
    canvas.polygon(flat.box(middle - 0.26, 0.5, middle + 0.26, 0.62), mood.tint((232, 228, 206), z))
    if coming:
        canvas.polygon(flat.box(middle - 0.42, 0.66, middle + 0.42, high - 0.1), mood.tint((30, 32, 36), z))
    for x in (left + 0.04, right - 0.28):
        canvas.polygon(flat.box(x, 0.0, x + 0.24, 0.26), mood.tint((18, 18, 20), z), thing.code)


def _car_side(canvas: Canvas, mood: Mood, thing: Thing, shape: tuple) -> None:
    left, right, outline, paint = shape
    camera, z = canvas.camera, thing.z
    if left < camera.aside < right:
        return
    x = left if left > camera.aside else right
    lit = 1.0 if (mood.sun < 0) == (x == left) else 0.76

    def along(*points: Point) -> list[Point]:
        return [camera.at(x, b, z + a) for a, b in points]

    canvas.polygon(along(*outline), mood.tint(paint, z, lit), thing.code)
    length = max(a for a, _ in outline)
    canvas.polygon(
        along((0, 0.28), (length, 0.28), (length, 0.48), (0, 0.48)), mood.tint(paint, z, lit * 0.7)
    )
    canvas.polygon(
        along((0.05, 0.82), (length - 0.1, 0.82), (length - 0.1, 0.87), (0.05, 0.87)),
        mood.tint(paint, z, lit * 1.16),
    )
    roof = max(b for _, b in outline)
    top = [a for a, b in outline if b > roof - 0.1]
    belt = min(b for _, b in outline[2:-2]) + 0.02
    low = [a for a, b in outline if b >= belt - 0.04]
    near, far = min(low) + 0.22, max(low) - 0.18
    post = (min(top) + max(top)) / 2
    ends = min(top) + 0.08, max(top) - 0.06
    pane = mood.tint((46, 58, 72), z, 1.0)
    canvas.polygon(
        along((near, belt), (post - 0.05, belt), (post - 0.05, roof - 0.1), (ends[0], roof - 0.1)), pane
    )
    canvas.polygon(
        along((post + 0.05, belt), (far, belt), (ends[1], roof - 0.1), (post + 0.05, roof - 0.1)), pane
    )
    for middle in (0.78, length - 0.8):
        for radius, colour in WHEEL if z < 25 else WHEEL[:1]:
            wheel = along(*((middle + radius * c, 0.33 + radius * s) for c, s in ROUND))
            canvas.polygon(wheel, mood.tint(colour, z, lit), thing.code)


SKINS = ((244, 208, 178), (222, 174, 136), (180, 124, 88), (122, 80, 56), (88, 58, 42))
HAIRS = ((40, 28, 22), (92, 58, 32), (196, 160, 96), (24, 22, 24), (150, 148, 146), (128, 52, 28))
TOPS = (
    (206, 52, 48), (38, 92, 168), (240, 236, 226), (236, 182, 48), (58, 136, 92), (120, 70, 140),
    (36, 40, 50), (232, 128, 148), (70, 176, 188), (144, 96, 62),
)  # fmt: skip
LEGS = ((42, 54, 86), (36, 36, 42), (112, 98, 82), (76, 88, 104), (176, 160, 132))


def person(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """Someone walking or standing, about 1.7 m tall."""
    luck, z, code = thing.luck, thing.z, thing.code
    flat, tall = Flat(canvas.camera, thing.x, z), 0.9 + 0.2 * luck[0]
    stride, lean = 0.06 + 0.2 * luck[1], (-1 if luck[2] < 0.5 else 1)
    skin, hair = pick(SKINS, luck[3]), pick(HAIRS, luck[4])
    shirt, trousers = pick(TOPS, luck[5]), pick(LEGS, luck[6])

    def limb(points: Sequence[Point], colour: Colour, shade: float = 1.0) -> None:
        canvas.polygon(
            flat.path(*((a * tall, b * tall) for a, b in points)), mood.tint(colour, z, shade), code
        )

    for side, shade in ((-lean, 0.78), (lean, 1.0)):
        foot = side * stride
        limb(
            ((side * 0.02 - 0.09, 0.86), (side * 0.02 + 0.1, 0.86), (foot + 0.07, 0.05), (foot - 0.06, 0.05)),
            trousers,
            shade,
        )
        limb(
            ((foot - 0.07, 0.0), (foot + 0.07 + 0.06 * lean, 0.0), (foot + 0.07, 0.08), (foot - 0.07, 0.08)),
            (34, 30, 30),
        )
    swing = stride * 0.9
    limb(((-0.17, 1.4), (-0.24 - swing, 0.86), (-0.17 - swing, 0.82), (-0.09, 1.2)), shirt, 0.74)
    limb(((-0.2, 1.38), (-0.15, 1.46), (0.15, 1.46), (0.2, 1.38), (0.16, 0.82), (-0.16, 0.82)), shirt)
    limb(((0.02, 1.46), (0.15, 1.46), (0.2, 1.38), (0.16, 0.82), (0.04, 0.82)), shirt, 0.84)
    if luck[7] < 0.35:
        limb(((-0.17, 0.95), (0.17, 0.95), (0.3, 0.45), (-0.3, 0.45)), shirt, 0.94)
    limb(((0.12, 1.4), (0.2, 1.38), (0.25 + swing, 0.84), (0.18 + swing, 0.84)), shirt, 0.88)
    if luck[7] > 0.75:
        limb(((0.12, 0.9), (0.3, 0.9), (0.32, 0.6), (0.1, 0.6)), pick(TOPS, (luck[7] - 0.75) * 4))
    k = flat.scale * tall
    canvas.disc(flat.at(-0.015 * lean, 1.62 * tall), (0.125 * k, 0.15 * k), mood.tint(hair, z), code)
    canvas.disc(flat.at(0.03 * lean, 1.585 * tall), (0.095 * k, 0.115 * k), mood.tint(skin, z), code)
