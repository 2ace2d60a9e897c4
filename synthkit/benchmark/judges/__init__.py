"""Judges: the segmentation networks that score, trained on a protocol's real images or brought along."""

from synthkit.benchmark.judges.judge import Judge, build_judge, is_trained
from synthkit.benchmark.judges.making import real_scores, train_judge
from synthkit.benchmark.judges.store import Record, judge_folder, judge_of, open_judge, read_record

__all__ = [
    "Judge",
    "Record",
    "build_judge",
    "is_trained",
    "judge_folder",
    "judge_of",
    "open_judge",
    "read_record",
    "real_scores",
    "train_judge",
]
