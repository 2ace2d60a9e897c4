"""What scoring one trained run gave, with all that the numbers depend on."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from synthkit import build
from synthkit.errors import ConfigError, DataError, listed, shown
from synthkit.section import from_plain

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """The scores of one run under a protocol, read from and written to `result.json`.

    Attributes:
        protocol: the protocol's name; protocol_sha256: the hash of all in it that the scores depend on.
        data_sha256: the hash of the scored split's content; images: how many there are.
        judge: what the judge is, in words; judge_sha256: the hash of its weights. Empty without a judge.
        method: the name under which runs that differ in the seed alone belong together.
        config: the name of the config it was trained with; config_sha256: the hash of the resolved config,
            without the seed and without where and on what it ran.
        weights_sha256: the hash of the scored weights.
        seed, steps: of the training. on_budget: whether it was as long as the protocol says.
        apart: whether the training data were at hand, and shown to hold none of the scored images.
        scores: by name, such as "miou", "iou/road", "fid".
        oracle: the scores that the real images get from the judge.
        seconds: how long the training took; scoring_seconds: how long the scoring.
        memory: the most bytes that the training held at once.
        device: what it was trained on, in words.
        versions: of synthkit, torch, Python and the libraries that metrics rest on.
        samples: names of the scored samples whose pictures lie beside the result, in
            samples/NAME.fake.png, NAME.real.png and, of data with labels, NAME.label.png.
        created: when it was scored, in ISO 8601, UTC.
    """

    protocol: str
    protocol_sha256: str
    data_sha256: str
    images: int
    judge: str = ""
    judge_sha256: str = ""
    method: str
    config: str
    config_sha256: str
    weights_sha256: str
    seed: int
    steps: int
    on_budget: bool = True
    apart: bool = True
    scores: dict[str, float]
    oracle: dict[str, float] = field(default_factory=dict)
    seconds: float
    scoring_seconds: float
    memory: int
    device: str
    versions: dict[str, str]
    samples: tuple[str, ...] = ()
    created: str

    def __post_init__(self):
        for name in ("images", "steps", "seconds", "scoring_seconds", "memory"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}: a number from 0 is needed")
        if len(set(self.samples)) < len(self.samples):
            raise ValueError(f"samples names one twice: {listed(self.samples)}")

    @property
    def comparable(self) -> tuple[str, str, str]:
        """What must be equal for two results to be compared: protocol, data and judge."""
        return self.protocol_sha256, self.data_sha256, self.judge_sha256

    @property
    def text(self) -> str:
        """The JSON that `parse` reads back to an equal result."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2)

    def write(self, path: Path) -> Path:
        """Write it as JSON, whole or not at all. Raises DataError where that fails."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_text(f"{self.text}\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error}") from error
        return path


def read(path: Path) -> Result:
    """The result in a file. Raises DataError, naming the file, where it is none."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path} is no result: {error}") from error


def parse(text: str, origin: str) -> Result:
    """The result in a text. Raises DataError, naming the origin, where it is none."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise DataError(f"{origin} is no result of format {FORMAT}: {shown(content)}")
        return build.call(Result, from_plain(content, origin=origin))
    except (ValueError, RecursionError, ConfigError) as error:
        raise DataError(f"{origin} is no result: {error}") from error
