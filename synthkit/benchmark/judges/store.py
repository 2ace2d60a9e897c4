"""Judges on disk: trained once for all protocols that share the judge, the data and the scored split.

`runs/judges/TYPE-KEY` holds `weights.safetensors` and, written last, `judge.json`.
"""

import dataclasses
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file

from synthkit import build
from synthkit.benchmark.content import hash_of_json
from synthkit.benchmark.judges.judge import Judge, build_judge, is_trained, section_of, settings_of
from synthkit.benchmark.judges.training import JudgeTraining
from synthkit.benchmark.protocol import SHOWN_ONLY, Protocol, at
from synthkit.devices import pick_device
from synthkit.errors import ConfigError, DataError
from synthkit.paths import JUDGES, benchmarks_dir
from synthkit.section import from_plain, plain
from synthkit.weights import digest

FORMAT = 1
WEIGHTS, RECORD = "weights.safetensors", "judge.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What `judge.json` says.

    Attributes:
        protocol: the name of the protocol it was trained for.
        spec: the judge, the data and the split, which other protocols must share to use it.
        data_sha256: the hash of the training images; scored_sha256: that of the scored split's content.
        weights_sha256: the hash of `weights.safetensors`.
        oracle: the scores of the real images of the scored split.
        seconds: how long the training took; device: what it ran on.
        versions: of synthkit and torch.
        created: in ISO 8601, UTC.
    """

    protocol: str
    spec: dict
    data_sha256: str
    scored_sha256: str
    weights_sha256: str
    oracle: dict[str, float]
    seconds: float
    device: str
    versions: dict[str, str]
    created: str


def spec_of(protocol: Protocol) -> dict:
    """What a trained judge depends on, as plain data; metrics, budgets and methods are not among it."""
    data, training = plain(protocol.config["data"]), dataclasses.asdict(training_of(protocol))
    return {
        "judge": {**plain(section_of(protocol)), "train": training},
        "data": {key: value for key, value in data.items() if key not in SHOWN_ONLY},
        "label": plain(protocol.config["model"]["inputs"]["label"]),
        "split": protocol.split,
        "images": protocol.images,
    }


def judge_folder(protocol: Protocol, folder: Path = JUDGES) -> Path:
    """Where the protocol's judge lies below the folder of judges, whether it is trained yet or not."""
    kind = str(build.need(section_of(protocol), "type")).replace("/", "-")
    return folder / f"{kind}-{hash_of_json(spec_of(protocol))[:12]}"


def training_of(protocol: Protocol) -> JudgeTraining:
    """How the protocol's judge is trained. Raises ConfigError for wrong settings."""
    with build.place(section_of(protocol), "train"):
        return build.call(JudgeTraining, settings_of(protocol).train)


def open_judge(protocol: Protocol, folder: Path = JUDGES, *, device: str = "auto") -> Judge:
    """The protocol's judge: trained, from below the folder of judges, or with the weights it comes with.

    Raises DataError where it is not trained yet, naming the command that does, and where its weights are
    not those that were stored or belong to other data; ConfigError where the protocol's judge is wrong.
    """
    judge = build_judge(protocol)
    if is_trained(protocol):
        place = judge_folder(protocol, folder)
        record = read_record(place)
        if record is None:
            raise DataError(f"the judge of {protocol.name} is not trained yet: {_command(protocol, folder)}")
        load_weights(judge, protocol, place, record)
    return judge.to(pick_device(device))


def judge_of(protocol: Protocol, folder: Path = JUDGES, *, device: str = "auto") -> Judge | None:
    """The judge as `open_judge` gives it, or None where the protocol has none."""
    return None if protocol.judge is None else open_judge(protocol, folder, device=device)


def load_weights(judge: Judge, protocol: Protocol, place: Path, record: Record) -> None:
    """Give a judge its stored weights.

    Raises DataError where they are not those of the record, and where the record is of other data: their
    root is not part of the folder's name.
    """
    if record.scored_sha256 != protocol.data_sha256:
        raise DataError(
            f"the judge in {place} belongs to other data than those of {protocol.name}"
            f"{at(protocol.root)}: --judges names another folder of judges"
        )
    path = place / WEIGHTS
    try:
        judge.sha256 = digest(path)
        if judge.sha256 != record.weights_sha256:
            raise DataError(f"{path} is not the judge that was stored: its SHA-256 is {judge.sha256}")
        judge.network.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise DataError(f"the judge {path} cannot be read: {error}") from error


def read_record(place: Path) -> Record | None:
    """What is stored of a judge; None where it is not trained. Raises DataError for another file."""
    path = place / RECORD
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise DataError(f"{path} is no judge of format {FORMAT}")
        return build.call(Record, from_plain(content, origin=str(path)))
    except (OSError, ValueError, ConfigError) as error:
        raise DataError(f"{path} is no judge: {error}") from error


def write(judge: Judge, place: Path, **facts) -> Record:
    """Store a trained judge, its weights first, its record last; `facts` are the other fields of Record.

    Raises DataError where that fails; a reader finds the whole judge or none.
    """
    try:
        state = {key: value.detach().cpu().contiguous() for key, value in judge.network.state_dict().items()}
        partial = place / f".{WEIGHTS}.partial"
        save_file(state, partial)
        judge.sha256 = digest(partial)
        partial.replace(place / WEIGHTS)
        record = Record(weights_sha256=judge.sha256, **facts)
        text = json.dumps({"format": FORMAT, **dataclasses.asdict(record)}, indent=2)
        partial = place / f".{RECORD}.partial"
        partial.write_text(f"{text}\n", encoding="utf-8")
        partial.replace(place / RECORD)
    except OSError as error:
        raise DataError(f"the judge cannot be written to {place}: {error}") from error
    return record


def _command(protocol: Protocol, folder: Path) -> str:
    """The command that trains a protocol's judge where it is looked for."""
    is_shipped = protocol.path.parent == benchmarks_dir() / "protocols"
    root = "" if protocol.root is None else f" --root {shlex.quote(protocol.root)}"
    out = "" if folder == JUDGES else f" --judges {shlex.quote(str(folder))}"
    return f"synthkit judge train {protocol.name if is_shipped else protocol.path}{root}{out}"
