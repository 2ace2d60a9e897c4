"""A stand-in for the process of a trial, quick and without torch: it does what the trial's method tells it.

Run as a script it is that process: it counts its starts in FOLDER/starts and leaves a result behind.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)
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
    "samples": ["scene"],
    "created": "2026-01-01T00:00:00+00:00",
}


def write_result(folder: Path, **values) -> None:
    """What a trial leaves in its folder."""
    scores = folder / "scores" / Path(values.get("protocol", "toy")).stem
    (scores / "samples").mkdir(parents=True, exist_ok=True)
    for kind in ("label", "fake", "real"):
        (scores / "samples" / f"scene.{kind}.png").write_bytes(PNG)
    (scores / "result.json").write_text(json.dumps(RESULT | values))


def stored(trial, folder: Path):
    """The result in a trial's folder, whatever the protocol is."""
    from synthkit.benchmark import result

    path = folder / "scores" / Path(trial.protocol).stem / "result.json"
    return result.read(path) if path.is_file() else None


def starts(folder: Path) -> int:
    """How often the process of a trial was started."""
    return len((folder / "starts").read_text()) if (folder / "starts").is_file() else 0


def interrupt_when_ready(log: Path, number: int = signal.SIGINT) -> None:
    """Send this process a signal as soon as the slow trial with this log has begun."""

    def wait():
        while not (log.is_file() and "ready" in log.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=wait, daemon=True).start()


def main(folder: Path) -> int:
    spec = json.loads((folder / "trial.json").read_text())
    with (folder / "starts").open("a") as file:
        file.write(".")
    (folder / "environment").write_text(json.dumps(dict(os.environ)))
    match spec["method"].rpartition("/")[2]:
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
    scores = {"l1": 0.25 + 0.01 * spec["seed"] + 0.05 * spec["method"].endswith("wider"), "iou/road": 0.5}
    write_result(folder, protocol=spec["protocol"], method=spec["method"], seed=spec["seed"], scores=scores)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
