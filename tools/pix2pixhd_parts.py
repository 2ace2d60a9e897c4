"""What each part of pix2pixHD adds: the whole model against the same without instance maps, and so on.

    python tools/pix2pixhd_parts.py --steps 500 --seeds 0 1 2 --out runs/parts

trains every variant with every seed for the same number of steps (finished runs are kept), scores them on the
held-out scenes, and writes OUT/table.md and OUT/scores.json.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np

CONFIG = "pix2pixhd/streets_128"
VARIANTS = {
    "whole": [],
    "without instance maps": ["model.inputs.boundary=null"],
    "without feature matching": ["model.losses.features=null"],
    "one discriminator scale": ["model.discriminator.scales=1"],
}
MEASURES = {"ssim": "SSIM", "l1": "L1", "sharpness": "boundary sharpness", "within": "within a class"}
NOTE = """
`{config}` at 128x256: mean and standard deviation over {seeds} seeds after {steps} steps, on {scenes} scenes.
In brackets the mean difference to the whole model with the same seed, * where it has one sign for all seeds.
Boundary sharpness is the contrast across instance boundaries as a share of the real image's;
within a class: across those between two instances of one class, which a label map does not show.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--scenes", type=int, default=100, help="held-out scenes that are scored")
    parser.add_argument("--out", type=Path, default=Path("runs/parts"))
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, of one thread each")
    options = parser.parse_args()
    trials = {
        (name, seed): options.out / f"{name.replace(' ', '_')}_{seed}"
        for name, seed in product(VARIANTS, options.seeds)
    }
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda trial: train(*trial, trials[trial], options.steps), trials))
    scores = {trial: score(folder, options.scenes) for trial, folder in trials.items()}
    table = as_table(scores, options.seeds) + NOTE.format(
        seeds=len(options.seeds), steps=options.steps, config=CONFIG, scenes=options.scenes
    )
    (options.out / "table.md").write_text(table)
    rows = [{"variant": name, "seed": seed, **each} for (name, seed), each in scores.items()]
    (options.out / "scores.json").write_text(json.dumps(rows, indent=1))
    print(table)


def train(name: str, seed: int, folder: Path, steps: int) -> None:
    """Train one variant with one seed in a process of its own, or go on with it."""
    settings = [f"train.steps={steps}", f"train.seed={seed}", "train.dry_run=false", "train.workers=1"]
    command = [sys.executable, "-m", "synthkit", "train", CONFIG, *VARIANTS[name], *settings]
    command += ["--work-dir", str(folder), "--resume"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def score(run: Path, count: int) -> dict[str, float]:
    """The mean of each measure over the run's first held-out scenes."""
    import synthkit
    from synthkit.data import open_data
    from synthkit.data.loader import sequence
    from synthkit.inputs import sample_checks
    from synthkit.metrics.boundary import boundary_sharpness
    from synthkit.metrics.image import l1, ssim

    model = synthkit.load(run)
    checks = sample_checks(model.translator.inputs)
    fields = ("label", "instance", "image")
    samples = open_data(model.config["data"], "val", training=False, fields=fields, seed=0, **checks)
    values = []
    for batch in sequence(samples, 1, indices=range(min(count, len(samples)))):
        fake, real, instance = model.translator.translate(batch), batch["image"], batch["instance"]
        within = boundary_sharpness(fake, real, instance, label=batch["label"])
        measures = ssim(fake, real), l1(fake, real), boundary_sharpness(fake, real, instance), within
        values.append([measure.item() for measure in measures])
    return dict(zip(MEASURES, np.nanmean(values, 0).tolist(), strict=True))


def as_table(scores: dict[tuple[str, int], dict[str, float]], seeds: list[int]) -> str:
    """A row for each variant, in Markdown."""
    lines = [f"| variant | {' | '.join(MEASURES.values())} |", "| --- " * (len(MEASURES) + 1) + "|"]
    whole = next(iter(VARIANTS))
    for name in VARIANTS:
        cells = []
        for measure in MEASURES:
            values = np.array([scores[name, seed][measure] for seed in seeds])
            cell = f"{values.mean():.3f} ± {values.std(ddof=1) if len(seeds) > 1 else 0:.3f}"
            if name != whole:
                apart = values - [scores[whole, seed][measure] for seed in seeds]
                cell += f" ({apart.mean():+.3f}{'*' if abs(np.sign(apart).sum()) == len(seeds) else ''})"
            cells.append(cell)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
