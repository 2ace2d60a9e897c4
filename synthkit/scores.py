"""How scores are shown, and which of two is better."""

from collections.abc import Iterable
from typing import NamedTuple


class Score(NamedTuple):
    """A score's title and unit; `better` is higher, lower or empty for one that nobody described."""

    title: str
    unit: str = ""
    better: str = ""
    digits: int = 3

    def text(self, value: float) -> str:
        """The value with the digits that matter."""
        return f"{value:.{self.digits}f}"

    def best(self, values: Iterable[float]) -> float | None:
        """The best of some values; None where nobody knows what is better."""
        return {"higher": max, "lower": min}[self.better](values) if self.better else None


SCORES = {
    "l1": Score("L1", "", "lower"),
    "psnr": Score("PSNR", "dB", "higher", 2),
    "ssim": Score("SSIM", "", "higher"),
    "lpips": Score("LPIPS", "", "lower"),
    "lpips_diversity": Score("LPIPS diversity", "", "higher"),
    "pd_efflite0": Score("PD lite0", "", "lower"),
    "pd_efflite0_diversity": Score("PD lite0 diversity", "", "higher"),
    "fid": Score("FID", "", "lower", 2),
    "fid_clean": Score("FID clean", "", "lower", 2),
    "fd_efflite0": Score("FD lite0", "", "lower", 2),
    "kid": Score("KID", "", "lower", 4),
    "kid_std": Score("KID, deviation", digits=4),
    "kd_efflite0": Score("KD lite0", "", "lower", 4),
    "kd_efflite0_std": Score("KD lite0, deviation", digits=4),
    "miou": Score("mIoU", "", "higher"),
    "iou": Score("IoU", "", "higher"),
    "accuracy": Score("accuracy", "", "higher"),
    "fwiou": Score("fwIoU", "", "higher"),
    "accuracy_all": Score("accuracy, all", "", "higher"),
}


def score(name: str) -> Score:
    """How a score of this name is shown; "iou/road" as "iou", with the title IoU road."""
    family, _, part = name.partition("/")
    if part and family in SCORES:
        return SCORES[family]._replace(title=f"{SCORES[family].title} {part}")
    return SCORES.get(name, Score(name, digits=4))
