"""A stand-in for the process of a trial, quick and without torch: it does what the trial's method tells it.

Run as a script it is that process: it counts its starts in FOLDER/starts and leaves a result behind.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

METHODS = ("good", "bad", "silent", "killed", "killed once", "slow")
RESULT = {
    "format": 1,
    "protocol": "toy",
    "protocol_sha256": "p",
    "data_sha256": "d",
    "images": 4,
    "method": "",
    "config": "toy",
    "config_sha256": "c",
    "weights_sha256": "w",
    "seed": 0,
    "steps": 2,
    "scores": {"l1": 0.25},
    "seconds": 1.5,
    "scoring_seconds": 0.5,
    "memory": 1000,
    "device": "cpu",
    "versions": {},
    "created": "2026-01-01T00:00:00+00:00",
}


def write_result(folder: Path, **values) -> None:
    """What a trial under the protocol `toy` leaves in its folder."""
    path = folder / "scores" / "toy" / "result.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(RESULT | values))


def stored(trial, folder: Path):
    """The result in a trial's folder, whatever the protocol is."""
    from synthkit.benchmark import result

    path = folder / "scores" / "toy" / "result.json"
    return result.read(path) if path.is_file() else None


def starts(folder: Path) -> int:
    """How often the process of a trial was started."""
    return len((folder / "starts").read_text()) if (folder / "starts").is_file() else 0


def main(folder: Path) -> int:
    spec = json.loads((folder / "trial.json").read_text())
    with (folder / "starts").open("a") as file:
        file.write(".")
    (folder / "environment").write_text(json.dumps(dict(os.environ)))
    match spec["method"]:
        case "bad":
            print("step 1\nwarning: odd\nerror: the file x.png is no image\n  see there", file=sys.stderr)
            return 1
        case "silent":
            return 0
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "killed once" if starts(folder) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "slow" if starts(folder) == 1:
            stopped = []
            signal.signal(signal.SIGINT, lambda number, frame: stopped.append(number))
            print("ready", flush=True)
            while not stopped:
                time.sleep(0.01)
            print(f"saved {len(stopped)}")
            return 130
    write_result(folder, method=spec["method"], seed=spec["seed"])
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
