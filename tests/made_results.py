"""Results of trainings that never took place, with pictures, in run folders."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit.benchmark.result import Result

METHODS = {"pix2pixHD": 0.52, "SPADE": 0.55, "CRN": 0.41, "pix2pix": 0.36}  # and about their mean IoU
CLASSES = ("road", "building", "sky", "car", "person")
COLOURS = {"road": (128, 64, 128), "building": (70, 70, 70), "sky": (70, 130, 180)}


def sha256(*words: object) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()


def made_result(protocol="streets_smoke", method="pix2pixHD", seed=0, **changed) -> Result:
    """A plausible result, the same for the same arguments."""
    random = np.random.default_rng(int(sha256(protocol, method, seed)[:8], 16))
    miou = METHODS.get(method, 0.4) + random.normal(0, 0.01)
    ious = {f"iou/{name}": float(np.clip(miou + random.normal(0, 0.2), 0, 1)) for name in CLASSES}
    scores = {
        "fd_efflite0": 300 * (1 - miou),
        "miou": miou,
        "accuracy": miou**0.4,
        **ious,
        "psnr": 12 + 9 * miou,
    }
    values = {
        "protocol": protocol,
        "protocol_sha256": sha256(protocol),
        "data_sha256": sha256(protocol, "data"),
        "images": 100,
        "judge": "FPN on tf_efficientnet_lite0, 300 steps",
        "judge_sha256": sha256(protocol, "judge"),
        "method": method,
        "config": f"{method.lower()}/streets_64",
        "config_sha256": sha256(method),
        "weights_sha256": sha256(protocol, method, seed),
        "seed": seed,
        "steps": 300,
        "scores": {name: float(value) for name, value in scores.items()},
        "oracle": {"miou": 0.617, "accuracy": 0.922, **{f"iou/{name}": 0.7 for name in CLASSES}},
        "seconds": 240.0 + 10 * seed,
        "scoring_seconds": 12.5,
        "memory": 1_400_000_000,
        "device": "2 cores",
        "versions": {"synthkit": "0.1.0", "torch": "2.13.0", "python": "3.11.7"},
        "samples": ("street_1", "street_2"),
        "created": f"2025-06-0{1 + seed}T10:00:00+00:00",
    }
    return Result(**values | changed)


def write_run(folder: Path, result: Result, size: tuple[int, int] = (64, 128)) -> Path:
    """A run folder that holds a result and its pictures; returns it."""
    scores = folder / "scores" / result.protocol
    (scores / "samples").mkdir(parents=True)
    result.write(scores / "result.json")
    for number, name in enumerate(result.samples):
        for kind, picture in _pictures(result, number, size).items():
            Image.fromarray(picture).save(scores / "samples" / f"{name}.{kind}.png")
    return folder


def write_runs(folder: Path, protocols=("streets_smoke", "camvid_192"), seeds=range(3)) -> Iterator[Path]:
    """Run folders of all METHODS."""
    for protocol in protocols:
        for method in METHODS:
            for seed in seeds:
                yield write_run(folder / protocol / f"{method}_{seed}", made_result(protocol, method, seed))


def _pictures(result: Result, number: int, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """A street of three stripes, the same label and photo for all results of a protocol."""
    heights = np.linspace(0, 3, size[0], endpoint=False).astype(int)
    label = np.array([COLOURS["sky"], COLOURS["building"], COLOURS["road"]], np.uint8)[heights]
    label = np.repeat(label[:, None], size[1], 1)
    label[size[0] // 2 :, 20 * (number + 1) : 20 * (number + 2)] = (0, 0, 142)
    real = np.random.default_rng(int(result.data_sha256[:8], 16)).integers(-20, 20, (*size, 3)) + label
    noise = np.random.default_rng(int(result.weights_sha256[:8], 16)).integers(-60, 60, (*size, 3))
    fake = label + (1 - result.scores["miou"]) * noise
    return {"label": label} | {
        kind: np.clip(each, 0, 255).astype(np.uint8) for kind, each in {"real": real, "fake": fake}.items()
    }
