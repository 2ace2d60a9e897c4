"""Style clusters of the original, as the style codes of a run."""

from collections.abc import Mapping
from pathlib import Path

import torch

from synthkit import build, checkpoint
from synthkit.errors import CheckpointError
from synthkit.importers.numpy_pickle import read_arrays
from synthkit.inputs import build_inputs
from synthkit.styles import Styles
from synthkit.styles.codes import writable_run


def add(run: Path, path: Path, origin: Mapping[str, str]) -> str:
    """Store the clusters in `path`, {label: (K, F) centres}, as RUN/styles; says what was done.

    How many instances each cluster had is not in the file: all count as one. Raises CheckpointError where the
    file is refused or does not fit the run's labels and encoder.
    """
    found, _ = checkpoint.find(run)
    folder, model = writable_run(found.path), build.need(found.config, "model")
    labels = build_inputs(build.part(model, "inputs")).get("label")
    width = build.part(model, "encoder").get("out_channels", 0)
    centres = {
        label: torch.from_numpy(array.astype("f4"))
        for label, array in sorted(read_arrays(path).items())
        if array.size
    }
    if not centres:
        raise CheckpointError(f"{path} has no clusters")
    for label, codes in centres.items():
        if labels is None or not 0 <= label < labels.channels:
            raise CheckpointError(f"{path} has clusters of label {label}, which is none of {run}")
        if codes.ndim != 2 or codes.shape[1] != width:
            raise CheckpointError(
                f"{path} has {tuple(codes.shape)} clusters of label {label}; {run} has {width} style features"
            )
    counts = {label: torch.ones(len(codes), dtype=torch.int64) for label, codes in centres.items()}
    file = Styles(centres, counts, {**origin, "counts": "unknown, one each"}).save(folder)
    total = sum(map(len, centres.values()))
    return f"styles:        {total} clusters of {len(centres)} labels\nfile:          {file}"
