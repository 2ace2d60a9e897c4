"""What a street scene has behind its things: sky, ground, buildings and the shadows on the ground."""

import numpy as np
from PIL import Image, ImageDraw

from synthkit.data.streets.canvas import ROUND, Canvas, Flat, Kind, Mood, Thing, pick
from synthkit.data.streets.layout import ACCENTS, FACADES, FAR, ROOFS, Building, Layout
from synthkit.data.streets.surfaces import FIRST_WALL, sky, texture_ground
from synthkit.data.streets.walls import Wall, texture_walls


def enlarged(image: Image.Image, fine: int) -> Image.Image:
    return image.resize((image.width * fine, image.height * fine), Image.Resampling.NEAREST)


def backdrop(layout: Layout, fine: int) -> tuple[Image.Image, Image.Image]:
    """Sky, ground and buildings with their textures: the image and the instance ids (mode I).

    Edges are drawn `fine` times as large and averaged.
    """
    camera, mood = layout.camera.scaled(fine), layout.mood
    image = enlarged(sky(layout.camera, mood, layout.drift), fine)
    canvas = Canvas(camera, image, Image.new("I", image.size, Kind.SKY))
    _ground(canvas, layout)
    walls: list[Wall] = []
    for building in sorted(layout.buildings, key=lambda b: b.near, reverse=True):
        _building(canvas, mood, building, walls)
    pixels = np.array(image.reduce(fine))
    codes = np.asarray(canvas.codes)[::fine, ::fine]
    texture_ground(pixels, codes, _shadows(layout, fine), layout.camera, mood)
    texture_walls(pixels, codes, walls, layout.camera, mood)
    ids = np.array([*range(FIRST_WALL), *(int(wall.building) for wall in walls)], np.int32)
    return Image.fromarray(pixels), Image.fromarray(ids[codes])


PLAIN = {
    Kind.ROAD: (92, 93, 97), Kind.LANE_MARK: (226, 224, 214), Kind.PAVEMENT: (168, 162, 154),
    Kind.GRASS: (104, 138, 66),
}  # fmt: skip
KERB = (196, 192, 184)
NEAR = 1.0  # nothing is drawn nearer to the camera than this (m)


def _ground(canvas: Canvas, layout: Layout) -> None:
    camera = canvas.camera

    def strip(
        left: float, right: float, ends: tuple[float, float], kind: Kind, colour: tuple | None = None
    ) -> None:
        corners = ((left, ends[0]), (right, ends[0]), (right, ends[1]), (left, ends[1]))
        canvas.polygon([camera.at(x, 0.0, z) for x, z in corners], colour or PLAIN[kind], int(kind))

    whole = (NEAR, 400.0)
    strip(-900, 900, whole, layout.ground)
    for side in layout.sides:
        for start, end, kind in (
            (side.pavement, side.garden, Kind.GRASS),
            (side.road, side.verge, Kind.GRASS),
            (side.verge, side.pavement, Kind.PAVEMENT),
        ):
            if end > start:
                strip(side.sign * start, side.sign * end, whole, kind)
        strip(side.sign * (side.road - 0.0), side.sign * (side.road + 0.22), whole, Kind.PAVEMENT, KERB)
    road = layout.sides[0].road
    strip(-road, road, whole, Kind.ROAD)
    for edge in (-road + 0.3, road - 0.45):
        strip(edge, edge + 0.15, whole, Kind.LANE_MARK)
    for z in np.arange(NEAR + layout.dash, FAR, 6.0).tolist():
        strip(-0.08, 0.08, (z, z + 3.0), Kind.LANE_MARK)
    for z in layout.crossings:
        strip(-road + 0.1, road - 0.1, (z - 0.4, z + 3.4), Kind.ROAD)
        for x in np.arange(-road + 0.5, road - 0.6, 1.1).tolist():
            strip(x, x + 0.55, (z, z + 3.0), Kind.LANE_MARK)


def _building(canvas: Canvas, mood: Mood, building: Building, walls: list[Wall]) -> None:
    """Draw a building's planes in flat colours; each gets a number and a `Wall` for its texture."""
    b, camera = building, canvas.camera
    facade, roofing = pick(FACADES, b.luck[6]), pick(ROOFS, b.luck[7])
    inner, outer = b.sign * b.inner, b.sign * b.outer
    street = 1.04 if (mood.sun < 0) == (b.sign > 0) else 0.74

    def plane(corners: list, colour: tuple, shade: float, wall: Wall) -> None:
        canvas.polygon(
            [camera.at(*corner) for corner in corners],
            tuple(min(255, int(c * shade * li)) for c, li in zip(colour, mood.light, strict=True)),
            FIRST_WALL + len(walls),
        )
        walls.append(wall)

    middle = (inner + outer) / 2
    low, top = (inner, outer) if inner < outer else (outer, inner), b.high
    front = _wall(b, True, b.near, low[0], low[1] - low[0])
    if b.roof:
        bare = front._replace(storeys=-1, brick=0)
        gable = [(inner, top, b.near), (middle, top + b.roof, b.near), (outer, top, b.near)]
        plane(gable, facade, 0.86, bare)
        slope = [
            (inner, top, b.near),
            (inner, top, b.far),
            (middle, top + b.roof, b.far),
            (middle, top + b.roof, b.near),
        ]
        _chimney(canvas, mood, b, FIRST_WALL + len(walls))
        plane(slope, roofing, street * 1.1, bare._replace(plane=(b.near + b.far) / 2, brick=0.5))
    plane(
        [(outer, 0, b.near), (outer, top, b.near), (inner, top, b.near), (inner, 0, b.near)],
        facade,
        0.86,
        front,
    )
    if b.far > b.near and (inner - camera.aside) * b.sign > 0.5:
        side = _wall(b, False, inner - camera.aside, b.near, b.far - b.near)
        plane(
            [(inner, 0, b.near), (inner, top, b.near), (inner, top, b.far), (inner, 0, b.far)],
            facade,
            street,
            side,
        )
        cap = [
            (inner, top - 0.35, b.near),
            (inner, top, b.near),
            (inner, top, b.far),
            (inner, top - 0.35, b.far),
        ]
        plane(cap, tuple(c * 0.7 + 60 for c in facade), street, side._replace(storeys=-1, brick=0))


def _chimney(canvas: Canvas, mood: Mood, b: Building, code: int) -> None:
    """A stack on the ridge, drawn before the slope that hides its foot; it takes that plane's code."""
    z = b.near + (b.far - b.near) * (0.25 + 0.5 * b.luck[3])
    flat = Flat(canvas.camera, b.sign * (b.inner + b.outer) / 2, z)
    top = b.high + b.roof
    for left, right, shade in ((-0.45, 0.45, 0.9), (0.1, 0.45, 0.7)):
        canvas.polygon(flat.box(left, top - 0.8, right, top + 0.9), mood.tint((150, 96, 76), z, shade), code)
    canvas.polygon(flat.box(-0.55, top + 0.8, 0.55, top + 1.0), mood.tint((186, 172, 156), z), code)


def _wall(b: Building, front: bool, plane: float, start: float, long: float) -> Wall:
    luck = b.luck
    bay = long / max(1, round(long / (2.2 + 1.4 * luck[8])))
    wide, high = 0.2 + 0.2 * luck[9], 0.22 + 0.14 * luck[10]
    accent = pick(ACCENTS, luck[9])
    shop = not front and b.ground > b.storey
    return Wall(
        front, plane, start, bay, b.storey, b.ground, b.storeys, wide, high, luck[11],
        b.code * 37 + front * 517, shop, luck[2] < 0.5, *accent, b.code,
    )  # fmt: skip


def _shadows(layout: Layout, fine: int) -> np.ndarray:
    """Light on the ground (H, W) uint8, 255 where no shadow falls."""
    camera, mood = layout.camera.scaled(fine), layout.mood
    image = Image.new("L", (camera.width, camera.height), 255)
    pen, dark = ImageDraw.Draw(image), round(255 * mood.shadow)
    away = -0.55 if mood.sun > 0 else 0.55

    def shadow(corners: list, tone: int) -> None:
        pen.polygon([camera.at(x, 0.0, max(z, NEAR)) for x, z in corners], tone)

    for b in layout.buildings:
        if b.far > b.near and b.sign * away < 0:
            inner, reach = b.sign * b.inner, away * b.high
            shadow(
                [(inner, b.near), (inner + reach, b.near - 3), (inner + reach, b.far - 3), (inner, b.far)],
                dark,
            )
    for thing in layout.things:
        _cast(shadow, thing, away, dark)
    return np.asarray(image.reduce(fine))


def _cast(shadow, thing: Thing, away: float, dark: int) -> None:
    x, z = thing.x, thing.z
    if thing.kind == Kind.TREE:
        wide, tall = 2.2 + 1.2 * thing.luck[1], 4.5 + 5 * thing.luck[1]
        shadow([(x + away * tall * 0.6 + wide * c, z - 0.8 + wide * 0.9 * s) for c, s in ROUND], dark)
    elif thing.kind == Kind.CAR:
        side = 0.8 if away > 0 else -0.8
        shadow(
            [(x - side, z - 0.35), (x + side * 2, z - 0.35), (x + side * 2, z + 4.2), (x - side, z + 4.4)],
            dark // 2,
        )
    elif thing.kind == Kind.FENCE:
        shadow([(x, z), (x + away, z - 0.3), (x + away, z + thing.deep - 0.3), (x, z + thing.deep)], dark)
    else:
        wide, tall = (0.2, 1.7) if thing.kind == Kind.PERSON else (0.06, 3.0)
        shadow(
            [
                (x - wide, z),
                (x + wide, z),
                (x + wide + away * tall, z - 0.6),
                (x - wide + away * tall, z - 0.6),
            ],
            dark,
        )
