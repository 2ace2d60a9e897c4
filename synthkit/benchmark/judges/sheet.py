"""A picture of what a judge sees in real images."""

import numpy as np
import torch
from PIL import Image

from synthkit.benchmark.judges.judge import Judge
from synthkit.benchmark.protocol import Protocol
from synthkit.data.pictures import label_colours, legend, palette_for, sheet, stack, to_uint8

COLUMNS = ("real image", "label map, as scored", "what the judge sees")


def judge_sheet(judge: Judge, protocol: Protocol, oracle: dict[str, float], count: int = 6) -> Image.Image:
    """Real images of the scored split, their label maps and the judge's, with each class's IoU in `oracle`.

    Pixels that are not scored are black in the label maps.
    """
    chosen = np.linspace(0, protocol.count - 1, min(count, protocol.count)).round().astype(int)
    palette, samples = _palette(judge, protocol), [protocol.reference[int(index)] for index in chosen]
    rows = []
    for sample in samples:
        label = judge.relabel(sample["label"][None])[0]
        with torch.inference_mode():
            seen = judge(sample["image"][None].to(judge.device)).argmax(1)[0].cpu()
        maps = (label_colours(each.numpy(), palette) for each in (label, seen))
        rows.append([to_uint8(sample["image"]), *maps])
    pictures = sheet(rows, COLUMNS, [sample["name"] for sample in samples])
    found = {name: oracle.get(f"iou/{name}") for name in judge.names}
    titles = [f"{name}, IoU {value:.3f}" if value is not None else name for name, value in found.items()]
    return stack([pictures, legend(titles, palette, width=pictures.width)])


def _palette(judge: Judge, protocol: Protocol) -> np.ndarray:
    """(classes, 3) uint8: the data's colour of each class's first label id, if the data have colours."""
    palette = palette_for(len(judge.names))
    own = getattr(protocol.reference.data, "palette", None)
    for number, label in judge.labels.first_ids().items() if own is not None else ():
        palette[number] = own[label]
    return palette
