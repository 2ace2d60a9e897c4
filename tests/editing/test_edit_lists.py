"""Lists of edits: what holds for any of them, whatever they do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenes import NAMES, STREET, Drawing, library, mask_of, same, same_maps

from synthkit.editing.history import KEPT, History
from synthkit.editing.operations import apply
from synthkit.errors import DataError, SynthkitError

IDS = st.sampled_from([0, 1, 2000, 2001, 3000, 3001, 3002, 3003, 9999])
CLASSES = st.one_of(st.sampled_from(NAMES), st.integers(0, 3))
POINT = st.tuples(st.integers(-1, 10), st.integers(-1, 6)).map(list)
POINTS = st.lists(POINT, min_size=1, max_size=4)
WIDTH, SCALE = st.sampled_from([1, 2.5, 4]), st.sampled_from([0.5, 1, 1.7, 3])
STYLE = st.sampled_from([{"cluster": 1}, {"cluster": 3}, {"seed": 8}, {"code": [0.25, 1, -1]}])
WHAT = st.sampled_from([{"object": "oak"}, {"mask": mask_of("##.\n###"), "label": "car"}])


def one(name: str, **arguments) -> st.SearchStrategy:
    return st.fixed_dictionaries({"edit": st.just(name), **arguments})


def with_more(edit: st.SearchStrategy, more: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(edit, more).map(lambda parts: parts[0] | parts[1])


EDITS = st.one_of(
    one("change_label", instance=IDS, to=CLASSES),
    with_more(one("add_object", at=POINT, scale=SCALE, flip=st.booleans()), WHAT),
    one("remove_object", instance=IDS),
    one("move_object", instance=IDS, by=POINT, scale=SCALE, flip=st.booleans()),
    one("stroke", points=POINTS, width=WIDTH, label=CLASSES, new=st.booleans()),
    one("erase", points=POINTS, width=WIDTH),
    one("fill", point=POINT, label=CLASSES, new=st.booleans()),
    with_more(one("set_style", instance=IDS), STYLE),
    with_more(one("set_style", label=CLASSES), STYLE),
    st.just({"edit": "settle"}),
)


def run(edits: list[dict]) -> tuple[Drawing, list[dict]]:
    """A drawing after those of the edits that can be, and these."""
    scene, done = Drawing(STREET, objects=library(oak="#.\n##\n##")), []
    for edit in edits:
        before = scene.state
        try:
            scene.edit(edit["edit"], **{key: value for key, value in edit.items() if key != "edit"})
        except SynthkitError:
            assert scene.state is before
        else:
            done.append(edit)
    return scene, done


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(EDITS, max_size=8))
def test_every_state_holds_together(edits):
    scene, done = run(edits)
    again, _ = run(done)
    assert len(scene.states) == len(done) + 1
    for state, other in zip(scene.states, again.states, strict=True):
        assert same(state, other)
        assert state.label.shape == state.instance.shape == (6, 10)
        assert state.label.min() >= 0 and state.label.max() < len(NAMES)
        assert state.instance.min() >= 0 and state.instance.max() < 2**16
        assert set(state.looks) <= set(np.unique(state.instance).tolist())
        assert state.anchor is None or state.anchor.anchor is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(EDITS, max_size=5))
def test_no_edit_touches_the_state_before(edits):
    scene, _ = run(edits)
    for state in scene.states:
        for array in (state.label, state.instance):
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 1
        for looks in (state.looks, state.class_looks):
            with pytest.raises(TypeError):
                looks[0] = None
    assert same_maps(scene.opening, Drawing().opening) and not scene.opening.looks


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(EDITS, min_size=1, max_size=5))
def test_arguments_stay_as_they_were_given(edits):
    before = [repr(edit) for edit in edits]
    run(edits)
    assert [repr(edit) for edit in edits] == before


def history_of(scene: Drawing) -> History:
    return History(
        scene.opening,
        lambda state, edit: apply(scene.scenery, state, edit),
        lambda state, edit: edit["edit"],
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(EDITS, max_size=8), st.lists(st.integers(0, 8), max_size=5))
def test_steps_back_and_forth_give_the_states_that_were(edits, visits):
    scene, done = run(edits)
    history = history_of(scene)
    for edit in done:
        history.add(edit)
    for position in (*visits, 0, len(done)):
        position = min(position, len(done))
        assert same(history.goto(position), scene.states[position])
    assert same(history.goto(0), scene.opening) and len(history.edits) == len(done)


def test_states_that_were_forgotten_are_made_again():
    scene = Drawing()
    history = history_of(scene)
    for number in range(2 * KEPT):
        edit = {"points": [[number % 10, number % 4]], "width": 1 + number % 3, "label": number % 4}
        scene.edit("stroke", **edit)
        history.add({"edit": "stroke", **edit})
    for position in (0, 3, KEPT, 1, 2 * KEPT, KEPT + 5):
        assert same(history.goto(position), scene.states[position])


def test_a_long_way_back_makes_few_states_again():
    done = []
    scene = Drawing()
    history = History(scene.opening, lambda state, edit: done.append(edit) or state, lambda state, edit: "")
    for number in range(300):
        history.add({"edit": "settle", "number": number})
    worst, everything = 0, len(done)
    for position in reversed(range(300)):
        before = len(done)
        history.goto(position)
        worst = max(worst, len(done) - before)
        assert len(history._states) <= KEPT + 1
    assert worst < 40 and len(done) - everything < 4 * 300


def test_a_new_edit_forgets_the_undone_ones():
    history = history_of(Drawing())
    for label in ("car", "tree", "road"):
        history.add({"edit": "fill", "point": [0, 0], "label": label})
    history.goto(1)
    after = history.add({"edit": "settle"})
    assert [edit["edit"] for edit in history.edits] == ["fill", "settle"] and history.position == 2
    assert history.goto(2) is after
    for position in (-1, 3, True, 1.0, "1", None):
        with pytest.raises(DataError, match="from 0 to 2"):
            history.goto(position)


def test_a_mask_that_changes_later_changes_no_edit():
    history, mask = history_of(Drawing()), mask_of("#")
    history.add({"edit": "add_object", "mask": mask, "label": "car", "at": [1, 1]})
    mask[:] = False
    assert history.edits[0]["mask"].all()
