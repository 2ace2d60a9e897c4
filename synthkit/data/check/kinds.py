"""The kinds of problems that a check tells apart, and what each means to whoever has to mend it.

An error stops training or keeps it from starting; a warning does not, and is worth a look.
"""

from enum import StrEnum

ERRORS = {
    # the files, before any is read
    "no data": "the folder or the split is not there",
    "no samples": "there is nothing to train on",
    "no files": "a folder holds none that can be read",
    "no partner": "another field lacks a file of this name",
    "no suffix": "the name does not end as the config says",
    "two files of one stem": "it is unclear which one belongs to the sample",
    "field missing": "the model needs maps or images that the data lack",
    # one file
    "file is gone": "the name is there, and no file behind it",
    "no permission": "the file cannot be opened by this user",
    "empty file": "0 bytes: copy it again",
    "not an image": "the content is of no known format, whatever the name says",
    "too large": "more pixels than are decoded from files that nobody vouches for",
    "damaged file": "cut off or changed: copy it again",
    "map saved as JPEG": "JPEG changes pixel values: export the map as PNG",
    "map in colour": "one id per pixel is needed: list data.labels.colours by id, or save ids",
    "not in the table": "a colour or id that the config's table lacks",
    "depth of photo": "photos need 8 bits per channel",
    "unreadable": "the reader refuses the file",
    "reader died": "the process that read the file ended: a crash of the decoder, or no memory left",
    # one sample
    "sizes differ": "the fields of one sample must have one size",
    "label out of range": "raise model.inputs.label.classes, or correct the map",
    "255 not declared": "if it stands for unlabelled, set model.inputs.label.ignore to 255",
    "id out of range": "ids are whole numbers from 0 to 2147483647",
    "shape": "an array of another shape or type than its field has",
    "channel count": "set model.inputs.source.channels, or convert the file",
    "values not finite": "NaN or infinity in a source image",
    "values out of range": "set model.inputs.source.range for the whole data",
    "range missing": "floats and wide integers need model.inputs.source.range",
    "smaller than the crop": "make data.transform.crop smaller, or enlarge first",
    # the split as a whole
    "sizes vary in a batch": "set data.transform.resize or crop, or train.batch_size: 1",
}
WARNINGS = {
    "constant image": "every pixel has the same colour",
    "constant label map": "the whole map is one class",
    "grey photo": "a grey photo among coloured ones is read as RGB",
    "CMYK photo": "converted to RGB without a colour profile",
    "alpha dropped": "photos are read without their alpha channel",
    "turned by EXIF": "read upright, which other programs may not do",
    "name and content differ": "the file's ending names another format than it has",
    "formats mixed": "the files of a split are saved in different ways: is one kind not what it seems?",
    "few of the values": "a source is dark and flat by that: set model.inputs.source.range",
    "file passed over": "it lies among the others and is not read",
    "names differ only in case": "one of them is lost on a file system that ignores case",
    "clipped instance ids": "255 where the label is another: were larger ids cut off? Save 16 bits",
    "instance over several classes": "more than a twentieth of its pixels have another class",
    "instance maps equal label maps": "they tell no objects apart: see synthkit data instances",
    "same photo twice": "equal pixels under two names",
    "same label map twice": "equal maps for different photos: is one of them another photo's?",
    "photo in two splits": "validation scores will look better than they are",
    "class never seen": "declared, and in no map of the split: the model cannot learn it",
    "class only in validation": "in no training map, so the model has never seen it",
    "names do not match": "class names or colours are not as many as the classes",
    "fewer samples than a batch": "a batch repeats samples",
    "no photos": "samples of this split are drawn and not scored",
    "padded to the stride": "padded and cropped back at each step, which costs a little time",
}  # fmt: skip


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


def severity(kind: str) -> Severity:
    """Whether a kind stops training. Kinds that a plugin's data set names itself do."""
    return Severity.WARNING if kind in WARNINGS else Severity.ERROR


def meaning(kind: str) -> str:
    """What a kind means and what to do, in a line; nothing for a plugin's own kinds."""
    return ERRORS.get(kind) or WARNINGS.get(kind, "")
