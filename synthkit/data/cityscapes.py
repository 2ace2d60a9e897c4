"""Cityscapes (Cordts et al., CVPR 2016) in the folders it is published in, and its classes."""

from collections.abc import Mapping
from typing import Literal

from synthkit.data.labels import LabelReader
from synthkit.data.paired import Folders
from synthkit.registry import DATASETS

UNLABELLED = 255

# Name, trainId and colour by labelId. The last class are the licence plates, which the data set numbers -1:
# its own scripts draw no negative id, so that plates count as car; maps in 8 bit that do hold -1 store 255.
CLASSES = (
    ("unlabeled", None, (0, 0, 0)),
    ("ego vehicle", None, (0, 0, 0)),
    ("rectification border", None, (0, 0, 0)),
    ("out of roi", None, (0, 0, 0)),
    ("static", None, (0, 0, 0)),
    ("dynamic", None, (111, 74, 0)),
    ("ground", None, (81, 0, 81)),
    ("road", 0, (128, 64, 128)),
    ("sidewalk", 1, (244, 35, 232)),
    ("parking", None, (250, 170, 160)),
    ("rail track", None, (230, 150, 140)),
    ("building", 2, (70, 70, 70)),
    ("wall", 3, (102, 102, 156)),
    ("fence", 4, (190, 153, 153)),
    ("guard rail", None, (180, 165, 180)),
    ("bridge", None, (150, 100, 100)),
    ("tunnel", None, (150, 120, 90)),
    ("pole", 5, (153, 153, 153)),
    ("polegroup", None, (153, 153, 153)),
    ("traffic light", 6, (250, 170, 30)),
    ("traffic sign", 7, (220, 220, 0)),
    ("vegetation", 8, (107, 142, 35)),
    ("terrain", 9, (152, 251, 152)),
    ("sky", 10, (70, 130, 180)),
    ("person", 11, (220, 20, 60)),
    ("rider", 12, (255, 0, 0)),
    ("car", 13, (0, 0, 142)),
    ("truck", 14, (0, 0, 70)),
    ("bus", 15, (0, 60, 100)),
    ("caravan", None, (0, 0, 90)),
    ("trailer", None, (0, 0, 110)),
    ("train", 16, (0, 80, 100)),
    ("motorcycle", 17, (0, 0, 230)),
    ("bicycle", 18, (119, 11, 32)),
    ("license plate", None, (0, 0, 142)),
)
PLATE = len(CLASSES) - 1
LABEL_IDS = {label: label for label in range(PLATE)} | {255: PLATE}
"""The 35 classes of pix2pixHD: the labelIds, and the licence plates as class 34."""

TRAIN_IDS = dict.fromkeys(range(256), UNLABELLED) | {
    label: train for label, (_, train, _) in enumerate(CLASSES) if train is not None
}
"""The 19 classes that the benchmark scores, by labelId; all else is unlabelled, 255."""

FILES = {
    "label": ("gtFine", "_gtFine_labelIds"),
    "instance": ("gtFine", "_gtFine_instanceIds"),
    "image": ("leftImg8bit", "_leftImg8bit"),
}


VOID = ("void", None, (0, 0, 0))
SCORED = tuple(row for row in CLASSES if row[1] is not None)
VOID_IDS = {label: len(SCORED) if train == UNLABELLED else train for label, train in TRAIN_IDS.items()}
"""The same, with all else as a class of its own, 19."""

IDS = {"label": LABEL_IDS, "train": TRAIN_IDS, "train_void": VOID_IDS}
ROWS = {"label": CLASSES, "train": SCORED, "train_void": (*SCORED, VOID)}


@DATASETS.register_module("cityscapes")
class Cityscapes(Folders):
    """gtFine/{split}/CITY/NAME_gtFine_labelIds.png, ..._instanceIds.png and leftImg8bit/{split}/CITY/....

    Args:
        split: train, val or test, whose maps hold nothing to draw.
        root: the folder that holds gtFine and leftImg8bit; "~" is the home folder.
        ids: `label` for the labelIds with the licence plates as class 34, so classes: 35; `train` for the
            trainIds, classes: 19, ignore: 255; `train_void` for these and all else as class 19, classes: 20.

    Instance ids are the data set's: class * 1000 + k for things, their class for the rest. The boundaries are
    the same whichever ids the labels have. Names and colours are those of the data set.
    """

    def __init__(self, split: str, *, root: str, ids: Literal["label", "train", "train_void"] = "label"):
        super().__init__(
            split,
            root=root,
            folders={field: f"{folder}/{{split}}" for field, (folder, _) in FILES.items()},
            patterns={field: rf"[^/]+/(?P<stem>.+){end}\.png" for field, (_, end) in FILES.items()},
            labels={"ids": IDS[ids]},
            **dict(zip(("names", "palette"), self.class_table({"ids": ids}), strict=True)),
        )

    @staticmethod
    def label_reader(settings: Mapping) -> LabelReader:
        """Reads the data set's labelIds as the ids that were chosen."""
        return LabelReader(ids=IDS[settings.get("ids", "label")])

    @staticmethod
    def class_table(settings: Mapping) -> tuple[list[str], list[tuple[int, int, int]]]:
        """Names and colours of the ids that were chosen."""
        rows = ROWS[settings.get("ids", "label")]
        return [name for name, _, _ in rows], [colour for _, _, colour in rows]
