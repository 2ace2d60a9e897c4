"""Where everything in a street scene stands and what it looks like, in metres and free of any image size."""

from typing import NamedTuple

import numpy as np

from synthkit.data.streets.canvas import Camera, Colour, Kind, Mood, Thing

FAR = 115.0  # where the street ends and the skyline begins (m)


class Side(NamedTuple):
    """One side of the street: its sign and the distances from the road's middle where each strip ends (m)."""

    sign: int
    road: float
    verge: float
    pavement: float
    garden: float


class Building(NamedTuple):
    """A block from `near` to `far` (m along the street), its walls `inner` and `outer` m from the middle."""

    code: int
    sign: int
    inner: float
    outer: float
    near: float
    far: float
    storey: float
    storeys: int
    ground: float
    roof: float  # rise of a pitched roof, 0 for a flat one
    luck: tuple[float, ...]

    @property
    def high(self) -> float:
        return self.ground + self.storey * self.storeys + 0.7


class Layout(NamedTuple):
    camera: Camera
    mood: Mood
    sides: tuple[Side, Side]
    buildings: list[Building]
    things: list[Thing]
    crossings: list[float]
    dash: float
    ground: Kind
    drift: tuple[int, int]


MOODS = (
    Mood((64, 128, 206), (196, 220, 238), (252, 252, 252), 0.40, (1.06, 1.03, 0.97), 0.60, 330, 0.04, 1),
    Mood((92, 154, 220), (214, 230, 240), (255, 255, 255), 0.56, (1.05, 1.02, 0.98), 0.64, 300, 0.05, 1),
    Mood((146, 158, 172), (208, 212, 216), (226, 228, 232), 0.66, (0.9, 0.92, 0.95), 0.84, 170, 0.14, 1),
    Mood((92, 104, 166), (255, 190, 128), (255, 172, 140), 0.52, (1.1, 0.88, 0.72), 0.56, 210, 0.28, 1),
    Mood((34, 44, 92), (198, 132, 132), (112, 88, 126), 0.5, (0.6, 0.56, 0.68), 0.72, 230, 0.55, 1),
    Mood((150, 186, 212), (238, 228, 204), (255, 248, 232), 0.46, (1.06, 1.0, 0.88), 0.66, 120, 0.05, 1),
)


class Counter:
    """Hands out the instance ids class * 1000 + k, k counted per class."""

    def __init__(self):
        self._next = dict.fromkeys(Kind, 0)

    def code(self, kind: Kind) -> int:
        self._next[kind] += 1
        return kind * 1000 + self._next[kind] - 1


def plan(seed: int, height: int, width: int) -> Layout:
    """The scene of a seed; the size enters only the camera."""
    rng = np.random.Generator(np.random.PCG64(seed))
    mood = MOODS[rng.choice(len(MOODS), p=[0.26, 0.2, 0.14, 0.18, 0.1, 0.12])]
    mood = mood._replace(sun=float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.9)))
    road = float(rng.uniform(4.2, 6.4))
    sides = tuple(_side(rng, sign, road) for sign in (-1, 1))
    view = rng.uniform((1.0, 0.42, -0.16, 2.2), (1.25, 0.5, 0.16, 3.4))
    focal, horizon, vanish, above = (float(v) for v in view)
    camera = Camera(focal, horizon, vanish, above, float(rng.uniform(0.8, 2.2)), height, width)
    counter = Counter()
    buildings = _skyline(rng, counter) + [b for side in sides for b in _row(rng, counter, side)]
    things = _things(rng, counter, sides, buildings)
    crossings = [float(rng.uniform(9, 30))] if rng.random() < 0.4 else []
    ground = Kind.GRASS if rng.random() < 0.6 else Kind.PAVEMENT
    drift = tuple(int(d) for d in rng.integers(512, size=2))
    return Layout(camera, mood, sides, buildings, things, crossings, float(rng.uniform(0, 6)), ground, drift)


def _side(rng: np.random.Generator, sign: int, road: float) -> Side:
    verge = road + (float(rng.uniform(1.0, 2.4)) if rng.random() < 0.45 else 0.0)
    pavement = verge + float(rng.uniform(2.0, 3.6))
    garden = pavement + (float(rng.uniform(2.5, 6.0)) if rng.random() < 0.5 else 0.0)
    return Side(sign, road, verge, pavement, garden)


def _row(rng: np.random.Generator, counter: Counter, side: Side) -> list[Building]:
    """Houses along one side, with gaps where trees can stand."""
    houses, z = [], float(rng.uniform(-4, 4))
    town = int(rng.integers(0, 3))  # villas, terraces, blocks
    while z < FAR:
        long = float(rng.uniform(8, 15) if town < 2 else rng.uniform(12, 24))
        low, high = ((1, 3), (2, 5), (4, 9))[town]
        storeys, luck = int(rng.integers(low, high)), tuple(rng.random(12).tolist())
        inner = side.garden + (float(rng.uniform(0, 1.5)) if town == 0 else 0.0)
        storey, roof = 2.8 + 0.6 * luck[0], (1.8 + 1.8 * luck[1] if town < 2 and luck[2] < 0.7 else 0.0)
        ground = 3.6 if side.garden == side.pavement and luck[3] < 0.75 else storey
        if z + long > 5:
            code = counter.code(Kind.BUILDING)
            outer = inner + float(rng.uniform(8, 13))
            houses.append(
                Building(
                    code, side.sign, inner, outer, max(z, 1.2), z + long, storey, storeys, ground, roof, luck
                )
            )
        gap = (0.75, 0.12, 0.25)[town]
        z += long + (float(rng.uniform(2.5, 9)) if rng.random() < gap else 0.0)
    return houses


def _skyline(rng: np.random.Generator, counter: Counter) -> list[Building]:
    """Blocks across the end of the street."""
    blocks, x = [], -150.0
    while x < 150:
        wide, luck = float(rng.uniform(10, 26)), tuple(rng.random(12).tolist())
        near = FAR + 5 + 40 * luck[4]
        blocks.append(
            Building(
                counter.code(Kind.BUILDING),
                1,
                x,
                x + wide,
                near,
                near,
                3.2,
                int(2 + 11 * luck[5] ** 2),
                3.2,
                0,
                luck,
            )
        )
        x += wide * float(rng.uniform(0.75, 1.15))
    return blocks


def _things(
    rng: np.random.Generator, counter: Counter, sides: tuple[Side, Side], buildings: list[Building]
) -> list[Thing]:
    """Everything that is drawn over the buildings, farthest first."""
    things: list[Thing] = []

    def add(kind: Kind, x: float, z: float, deep: float = 0.0) -> None:
        top = counter.code(Kind.SIGN) if kind == Kind.SIGN else 0
        code = counter.code(Kind.POLE if kind == Kind.SIGN else kind)
        things.append(Thing(kind, float(x), float(z), code, tuple(rng.random(8).tolist()), deep, top))

    for side in sides:
        for x, z in _spots(rng, side, buildings):
            add(Kind.TREE, x, z)
        for z in _along(rng, 9, 70, 20, 30):
            add(Kind.POLE, side.sign * (side.road + 0.5), z)
        for z in _along(rng, 7, 55, 8, 40):
            add(Kind.SIGN, side.sign * (side.road + 0.55), z)
        for z in rng.uniform(6, 45, rng.integers(3, 8)):
            add(Kind.PERSON, side.sign * rng.uniform(side.verge + 0.5, side.pavement - 0.3), z)
        if side.garden > side.pavement or rng.random() < 0.2:
            for z in _along(rng, 3, 60, 4.0, 5.2):
                add(Kind.FENCE, side.sign * (side.pavement + 0.1), z, 3.9)
        if rng.random() < 0.7:
            for z in _along(rng, 6, 60, 6, 19):
                add(Kind.CAR, side.sign * (side.road - 1.1), z, side.sign)
        else:
            for z in _along(rng, 9, 70, 9, 40):
                add(Kind.CAR, side.sign * (side.road / 2 - 0.1), z, side.sign)
    return sorted(things, key=_distance, reverse=True)


def _distance(thing: Thing) -> float:
    """Fences count with their far end, so that who walks before them is drawn later."""
    return thing.z + max(thing.deep, 0) if thing.kind == Kind.FENCE else thing.z


def _along(rng: np.random.Generator, near: float, far: float, low: float, high: float) -> list[float]:
    places, z = [], near + float(rng.uniform(0, low))
    while z < far:
        places.append(z)
        z += float(rng.uniform(low, high))
    return places


def _spots(rng: np.random.Generator, side: Side, buildings: list[Building]) -> list[tuple[float, float]]:
    """Trees on the verge or the kerb, in gardens and in the gaps between houses."""
    spots = []
    if side.verge > side.road or rng.random() < 0.4:
        spots += [(side.sign * (side.road + 0.9), z) for z in _along(rng, 8, 70, 8, 18)]
    if side.garden > side.pavement + 2:
        spots += [(side.sign * (side.garden - 1.0), z) for z in _along(rng, 8, 65, 9, 26)]
    row = [b for b in buildings if b.sign == side.sign and b.far > b.near]
    for before, after in zip(row, row[1:], strict=False):
        if after.near - before.far > 4:
            spots.append((side.sign * (side.garden + 2.5), (after.near + before.far) / 2))
    return spots


FACADES: tuple[Colour, ...] = (
    (196, 120, 92), (222, 202, 168), (176, 88, 70), (236, 228, 212), (214, 172, 122), (150, 164, 172),
    (204, 188, 178), (232, 206, 140), (168, 178, 150), (140, 104, 88), (226, 176, 160), (160, 186, 204),
    (188, 184, 178), (126, 112, 108),
)  # fmt: skip
ROOFS: tuple[Colour, ...] = ((150, 76, 56), (92, 84, 84), (118, 62, 50), (74, 80, 92), (130, 108, 90))
ACCENTS: tuple[Colour, ...] = (
    (176, 44, 44), (32, 96, 92), (36, 66, 128), (232, 170, 50), (72, 52, 44), (52, 112, 60),
    (110, 50, 100), (40, 44, 50),
)  # fmt: skip
