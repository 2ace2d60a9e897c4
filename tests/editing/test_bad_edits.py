"""Edits that cannot be: one clear error each, and nothing has changed."""

import math

import numpy as np
import pytest
from small_scenes import Drawing, library, mask_of, same

from synthkit.errors import SynthkitError

NAN, INFINITE = math.nan, math.inf
DOT = mask_of("#")
LINE = {"points": [[1, 1], [3, 3]], "width": 2, "label": "car"}
ADDED = {"mask": DOT, "label": "car", "at": [3, 3]}

BAD = [
    ("chang_label", {"instance": 2000, "to": "tree"}, "chang_label.*[Dd]id you mean 'change_label'"),
    ("__init__", {}, "__init__"),
    ("apply", {}, "apply"),
    (3, {}, "3"),
    ("change_label", {"instance": 7, "to": "tree"}, "instance 7 .*2000, 2001, 3000"),
    ("change_label", {"instance": -1, "to": "tree"}, "instance -1"),
    ("change_label", {"instance": True, "to": "tree"}, "True"),
    ("change_label", {"instance": 2000.0, "to": "tree"}, "2000.0"),
    ("change_label", {"instance": "2000", "to": "tree"}, "'2000'"),
    ("change_label", {"instance": 2000, "to": "tre"}, "'tre'.*[Dd]id you mean 'tree'.*sky"),
    ("change_label", {"instance": 2000, "to": 4}, "4"),
    ("change_label", {"instance": 2000, "to": -1}, "-1"),
    ("change_label", {"instance": 2000, "to": True}, "True"),
    ("change_label", {"instance": 2000}, "'to' missing"),
    ("change_label", {"instance": 2000, "to": "tree", "two": 1}, "unknown key 'two'.*instance, to"),
    ("change_label", {"instance": 2000, "to": "tree", "state": 1}, "state"),
    ("add_object", {"object": "ok", "at": [3, 3]}, "'ok'.*[Dd]id you mean 'oak'"),
    ("add_object", {"object": "oak", "at": [30, 3]}, "outside"),
    ("add_object", {"object": "oak", "at": [-30, 3]}, "outside"),
    ("add_object", {"object": "oak", "at": [3]}, "at"),
    ("add_object", {"object": "oak", "at": [3, 3, 3]}, "at"),
    ("add_object", {"object": "oak", "at": [NAN, 3]}, "nan"),
    ("add_object", {"object": "oak", "at": [3, -INFINITE]}, "inf"),
    ("add_object", {"object": "oak", "at": [1e300, 3]}, "at|outside"),
    ("add_object", {"object": "oak", "at": ["a", 3]}, "a"),
    ("add_object", {"object": "oak", "at": [True, 3]}, "True"),
    ("add_object", {"object": "oak"}, "'at' missing"),
    ("add_object", {"at": [3, 3]}, "object"),
    ("add_object", {**ADDED, "object": "oak"}, "object"),
    ("add_object", {"mask": DOT, "at": [3, 3]}, "label"),
    ("add_object", {"object": "oak", "label": "car", "at": [3, 3]}, "label"),
    ("add_object", {**ADDED, "label": "bike"}, "'bike'"),
    ("add_object", {**ADDED, "mask": np.zeros((3, 3), bool)}, "mask"),
    ("add_object", {**ADDED, "mask": np.zeros((0, 3), bool)}, "mask"),
    ("add_object", {**ADDED, "mask": np.ones(3, bool)}, "mask"),
    ("add_object", {**ADDED, "mask": np.ones((2, 2, 3), np.uint8)}, "mask"),
    ("add_object", {**ADDED, "mask": np.full((2, 2), 7)}, "mask.*7"),
    ("add_object", {**ADDED, "mask": np.full((2, 2), NAN)}, "mask"),
    ("move_object", {"instance": 9, "by": [1, 1]}, "instance 9"),
    ("move_object", {"instance": 2000, "by": [50, 0]}, "outside"),
    ("move_object", {"instance": 2000, "by": [NAN, 0]}, "nan"),
    ("move_object", {"instance": 2000, "by": [1]}, "by"),
    ("remove_object", {"instance": 9}, "instance 9"),
    ("stroke", {**LINE, "points": []}, "points"),
    ("stroke", {**LINE, "points": [1, 2]}, "points|1"),
    ("stroke", {**LINE, "points": [[1, 2, 3]]}, "points"),
    ("stroke", {**LINE, "points": [[1, NAN]]}, "nan"),
    ("stroke", {**LINE, "points": [[1, INFINITE]]}, "inf"),
    ("stroke", {**LINE, "points": [[True, 1]]}, "True"),
    ("stroke", {**LINE, "points": [[50, 50], [60, 60]]}, "no pixel of the scene"),
    ("stroke", {**LINE, "label": "lamp"}, "'lamp'"),
    ("stroke", {**LINE, "new": 1}, "1"),
    ("stroke", {**LINE, "new": "false"}, "'false'"),
    ("erase", {"points": [[50, 50]], "width": 3}, "no pixel of the scene"),
    ("fill", {"point": [10, 0], "label": "sky"}, "outside|10"),
    ("fill", {"point": [0, -1], "label": "sky"}, "outside|-1"),
    ("fill", {"point": [0.5, NAN], "label": "sky"}, "nan"),
    ("fill", {"point": [0], "label": "sky"}, "point"),
    ("fill", {"point": [0, 0], "label": 9}, "9"),
    ("set_style", {"cluster": 1}, "instance.*label"),
    ("set_style", {"instance": 2000, "label": "car", "cluster": 1}, "instance.*label"),
    ("set_style", {"instance": 2000}, "cluster, seed and code"),
    ("set_style", {"instance": 2000, "cluster": 1, "seed": 1}, "cluster.*seed"),
    ("set_style", {"instance": 2000, "cluster": 4}, "4.*0 to 3"),
    ("set_style", {"instance": 2000, "cluster": -1}, "-1"),
    ("set_style", {"instance": 2000, "cluster": True}, "True"),
    ("set_style", {"instance": 2000, "seed": -1}, "-1"),
    ("set_style", {"instance": 2000, "seed": 2**64}, "seed|bits"),
    ("set_style", {"instance": 2000, "code": [1, 2]}, "2 numbers.*3"),
    ("set_style", {"instance": 2000, "code": []}, "code"),
    ("set_style", {"instance": 2000, "code": [1, 2, NAN]}, "nan"),
    ("set_style", {"instance": 2000, "code": [1, 2, INFINITE]}, "inf"),
    ("set_style", {"instance": 2000, "code": [1, 2, -1e300]}, "1e\\+300"),
    ("set_style", {"instance": 2000, "code": [1, 2, True]}, "True"),
    ("set_style", {"instance": 2000, "code": "abc"}, "'abc'"),
    ("set_style", {"instance": 5, "cluster": 1}, "instance 5"),
    ("set_style", {"label": "bike", "cluster": 1}, "'bike'"),
    ("set_style", {"label": "all", "cluster": 1}, "cluster"),
    ("settle", {"now": True}, "unknown key 'now'"),
]
WIDTHS = (0, -1, NAN, INFINITE, True, "3", 1e300)
BAD += [("stroke", {**LINE, "width": width}, "width") for width in WIDTHS]
BAD += [("erase", {"points": [[1, 1]], "width": width}, "width") for width in WIDTHS]
SCALES = (0, -1, NAN, INFINITE, True, "2", 1e9, 1e300)
BAD += [("add_object", {**ADDED, "scale": scale}, "scale") for scale in SCALES]
BAD += [("add_object", {"object": "oak", "at": [3, 3], "scale": scale}, "scale") for scale in SCALES]
BAD += [("move_object", {"instance": 2000, "by": [0, 0], "scale": scale}, "scale") for scale in SCALES]


@pytest.mark.parametrize(("name", "arguments", "message"), BAD)
def test_bad_edits_are_refused(name, arguments, message):
    scene = Drawing(objects=library(oak="##\n##"))
    scene.edit("set_style", instance=2000, cluster=1)
    before, copy = (
        scene.state,
        Drawing(objects=library(oak="##\n##")).edit("set_style", instance=2000, cluster=1),
    )
    with pytest.raises(SynthkitError, match=message):
        scene.edit(name, **arguments)
    assert scene.state is before and same(before, copy)


@pytest.mark.parametrize("edit", [None, [], "settle", {}, {"instance": 2000}])
def test_what_is_no_edit(edit):
    from synthkit.editing.operations import apply

    scene = Drawing()
    with pytest.raises(SynthkitError):
        apply(scene.scenery, scene.state, edit)


def test_models_without_styles_take_none():
    scene = Drawing(styles="none", width=0)
    for given in ({"instance": 2000, "cluster": 0}, {"label": "all", "seed": 1}):
        with pytest.raises(SynthkitError, match="no styles"):
            scene.edit("set_style", **given)


def test_an_empty_library_says_how_to_fill_it():
    with pytest.raises(SynthkitError, match="synthkit objects collect"):
        Drawing().edit("add_object", object="oak", at=[3, 3])
