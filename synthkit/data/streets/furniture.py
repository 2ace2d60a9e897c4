"""What stands along a street: trees, lamps, signs and fences."""

from collections.abc import Callable, Sequence
from math import cos, pi, sin

from synthkit.data.streets.canvas import (
    ROUND,
    Canvas,
    Colour,
    Flat,
    Mood,
    Point,
    Thing,
    coloured,
    crown,
    pick,
    scale,
)

GREEN = ((26, 48, 22), (70, 112, 42), (152, 182, 84))
LEAVES = (
    GREEN, ((24, 44, 28), (52, 98, 56), (122, 160, 92)), ((40, 54, 18), (104, 126, 40), (186, 190, 92)),
    ((84, 40, 14), (196, 112, 30), (244, 188, 80)), ((74, 18, 18), (166, 52, 34), (230, 120, 70)),
    ((88, 60, 12), (208, 160, 40), (250, 222, 118)), ((70, 34, 52), (206, 132, 160), (250, 214, 226)), GREEN,
)  # fmt: skip
NEEDLES = (((14, 34, 28), (36, 76, 58), (92, 132, 98)), ((18, 40, 18), (44, 84, 40), (110, 146, 76)))


def tree(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """A trunk and a crown: round, slender, sparse or a conifer; green, autumnal or in blossom."""
    luck, z, code = thing.luck, thing.z, thing.code
    flat = Flat(canvas.camera, thing.x, z)
    shape = pick(("round", "round", "sparse", "conifer", "round"), luck[0])
    tall = 4.5 + 5 * luck[1]
    wide = tall * ((0.42 if shape == "conifer" else 0.72) + 0.16 * luck[2]) * (0.55 if luck[3] < 0.12 else 1)
    foot = 0.9 if shape == "conifer" else 1.2 + 0.13 * tall
    bark, t = pick(((92, 70, 52), (74, 60, 50), (120, 108, 96)), luck[4]), 0.022 * tall
    rise = foot + (0.45 * (tall - foot) if shape != "conifer" else 0.5)
    canvas.polygon(
        flat.path((-t * 1.3, 0), (t * 1.3, 0), (t * 0.7, rise), (-t * 0.7, rise)), mood.tint(bark, z), code
    )
    dark = flat.path((0, 0), (t * 1.3, 0), (t * 0.7, rise), (0, rise))
    canvas.polygon(dark if mood.sun < 0 else [(2 * flat.x - a, b) for a, b in dark], mood.tint(bark, z, 0.6))
    x, y = flat.at(-wide / 2, tall)
    if x > canvas.image.width or x + wide * flat.scale < 0:
        return
    size = max(1, round(wide * flat.scale)), max(1, round((tall - foot) * flat.scale))
    shade, mask = crown(shape, int(luck[5] * 5), size, mood.sun > 0)
    tones = pick(NEEDLES if shape == "conifer" else LEAVES, luck[6])
    leaves = coloured(shade, *(mood.tint(tone, z) for tone in tones))
    canvas.stamp(leaves, mask, (x, y), code)


def lamp(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """A street lamp that leans over the road."""
    flat, z, code = Flat(canvas.camera, thing.x, thing.z), thing.z, thing.code
    tall, arm = 5.6 + 1.4 * thing.luck[0], (1.3 if thing.x < 0 else -1.3)
    metal = mood.tint(pick(((70, 76, 80), (44, 60, 54), (140, 144, 148)), thing.luck[1]), z)
    canvas.polygon(flat.box(-0.09, 0, 0.09, 0.9), metal, code)
    canvas.polygon(flat.box(-0.055, 0, 0.055, tall), metal, code)
    canvas.polygon(
        flat.path((0, tall - 0.1), (arm, tall + 0.22), (arm, tall + 0.32), (0, tall + 0.06)), metal, code
    )
    head = flat.path(
        (arm * 0.62, tall + 0.1),
        (arm * 1.15, tall + 0.2),
        (arm * 1.1, tall + 0.38),
        (arm * 0.66, tall + 0.32),
    )
    canvas.polygon(head, metal, code)
    if mood.lit > 0.3:
        x, y = flat.at(arm * 0.9, tall + 0.15)
        canvas.disc((x, y), (0.34 * flat.scale, 0.16 * flat.scale), (255, 236, 176), code)


RED, WHITE, BLUE, YELLOW, INK = (204, 28, 36), (246, 246, 242), (28, 84, 170), (246, 200, 40), (30, 30, 34)
GREEN_BOARD = (22, 118, 78)


def sign(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """A pole (the thing's code) that carries a sign or traffic lights (the code on top)."""
    flat, z, luck = Flat(canvas.camera, thing.x, thing.z), thing.z, thing.luck
    look = pick((_ring, _ring, _triangle, _board, _lights, _stop), luck[0])
    up = 2.5 + 0.5 * luck[1] + (0.6 if look is _lights else 0)
    canvas.polygon(flat.box(-0.045, 0, 0.045, up), mood.tint((128, 132, 136), z), thing.code)

    def plate(points: Sequence[Point], colour: Colour, grow: float = 1.0) -> None:
        path = flat.path(*((a * grow, up + b * grow) for a, b in points))
        canvas.polygon(path, mood.tint(colour, z, 1.06), thing.top)

    look(plate, luck)


SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _ring(plate: Callable, luck: Sequence[float]) -> None:
    rim, inside = pick(((RED, WHITE), (BLUE, BLUE), (RED, RED), (RED, BLUE)), luck[2])
    plate(ROUND, rim, 0.4)
    plate(ROUND, inside, 0.29)
    plate(((-0.2, -0.06), (0.2, -0.06), (0.2, 0.06), (-0.2, 0.06)), INK if inside == WHITE else WHITE)


def _triangle(plate: Callable, luck: Sequence[float]) -> None:
    three = ((-1, -0.6), (1, -0.6), (0, 1.1))
    plate(three, RED, 0.48)
    plate(three, pick((WHITE, YELLOW), luck[2]), 0.3)
    plate(((-0.04, -0.1), (0.04, -0.1), (0.04, 0.14), (-0.04, 0.14)), INK)


def _board(plate: Callable, luck: Sequence[float]) -> None:
    wide, colour = 0.5 + 0.5 * luck[3], pick((BLUE, GREEN_BOARD, YELLOW), luck[2])
    plate([(a * wide, b * 0.4) for a, b in SQUARE], WHITE)
    plate([(a * (wide - 0.05), b * 0.35) for a, b in SQUARE], colour)
    for row in (-0.14, 0.1):
        plate([(a * wide * 0.7, row + b * 0.045) for a, b in SQUARE], INK if colour == YELLOW else WHITE)


def _lights(plate: Callable, luck: Sequence[float]) -> None:
    plate([(a * 0.24, b * 0.58) for a, b in SQUARE], INK)
    colours = ((250, 50, 40), (252, 190, 40), (50, 220, 120))
    for place, (row, colour) in enumerate(zip((0.36, 0.0, -0.36), colours, strict=True)):
        on = int(luck[2] * 3) == place
        plate([(a * 0.14, row + b * 0.14) for a, b in ROUND], colour if on else scale(colour, 0.25))


def _stop(plate: Callable, luck: Sequence[float]) -> None:
    eight = [(cos(pi * (k + 0.5) / 4), sin(pi * (k + 0.5) / 4)) for k in range(8)]
    plate(eight, WHITE, 0.45)
    plate(eight, RED, 0.4)
    plate([(a * 0.26, b * 0.07) for a, b in SQUARE], WHITE)


def fence(canvas: Canvas, mood: Mood, thing: Thing) -> None:
    """A stretch along the street, `deep` metres long: planks, railings or a hedge with a lit top."""
    camera, x, z0, z1 = canvas.camera, thing.x, thing.z, thing.z + thing.deep

    def strip(low: float, high: float, colour: Colour, shade: float = 1.0, ends: Point = (z0, z1)) -> None:
        path = [
            camera.at(x, b, z) for b, z in ((low, ends[0]), (low, ends[1]), (high, ends[1]), (high, ends[0]))
        ]
        canvas.polygon(path, mood.tint(colour, sum(ends) / 2, shade))

    lit = 1.0 if (mood.sun < 0) == (x > camera.aside) else 0.78
    high = 0.9 + 0.3 * thing.luck[1]
    canvas.outline([camera.at(x, b, z) for b, z in ((0, z0), (0, z1), (high, z1), (high, z0))], thing.code)
    if thing.luck[0] < 0.4:
        _hedge(canvas, mood, thing, (high, lit))
        return
    wood = pick(((236, 232, 222), (150, 108, 70), (92, 72, 56), (120, 134, 138)), thing.luck[2])
    metal, count = thing.luck[0] > 0.72, (13 if z0 < 24 else 4)
    if not metal:
        strip(0, high, wood, 0.72 * lit)
    for k in range(count):
        start = z0 + thing.deep * k / count
        strip(0, high, (48, 54, 56) if metal else wood, lit, (start, start + (0.07 if metal else 0.22)))
    for up in (0.15, high - 0.08):
        strip(up, up + 0.08, (48, 54, 56) if metal else scale(wood, 0.86), lit)


def _hedge(canvas: Canvas, mood: Mood, thing: Thing, look: Point) -> None:
    camera, (high, lit), z0, z1 = canvas.camera, look, thing.z, thing.z + thing.deep
    inner, outer = thing.x, thing.x + (0.7 if thing.x > 0 else -0.7)
    green = pick(((62, 100, 42), (48, 88, 52), (88, 112, 46)), thing.luck[2])
    for points, shade in (
        (((inner, high, z0), (inner, high, z1), (outer, high, z1), (outer, high, z0)), 1.3),
        (((inner, 0, z0), (inner, high, z0), (outer, high, z0), (outer, 0, z0)), 0.9),
        (((inner, 0, z0), (inner, high, z0), (inner, high, z1), (inner, 0, z1)), lit),
    ):
        canvas.polygon([camera.at(*p) for p in points], mood.tint(green, z0, shade), thing.code)
    for k in range(int(thing.deep * 3) if z0 < 24 else 0):
        a, b = thing.luck[3 + k % 5], thing.luck[3 + (k * 3 + 1) % 5]
        up, z = high * (0.15 + 0.75 * ((a + k * 0.37) % 1)), z0 + thing.deep * ((b + k * 0.618) % 1)
        reach = camera.focal * camera.height / z * 0.12
        canvas.disc(
            camera.at(inner, up, z), (reach, reach * 0.8), mood.tint(green, z, lit * (0.75 + 0.5 * a))
        )
