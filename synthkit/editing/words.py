"""Edits in words, for lists and pictures of them."""

from collections.abc import Callable, Mapping
from typing import Any

from synthkit.editing.operations import KEY
from synthkit.editing.scenery import Scenery
from synthkit.editing.state import State


def describe(scenery: Scenery, state: State, edit: Mapping[str, Any]) -> str:
    """What an edit does to a state that it can be applied to, such as "car 7002: becomes tree"."""
    return _WORDS[edit[KEY]](scenery, state, edit)


def _thing(scenery: Scenery, state: State, instance: int) -> str:
    label = state.instances[instance].label
    name = scenery.classes[label].name if label < len(scenery.classes) else f"label {label}"
    return name if instance == label else f"{name} {instance}"


def _name(scenery: Scenery, label: str | int) -> str:
    return scenery.classes[scenery.label(label)].name


def _change_label(scenery: Scenery, state: State, edit: Mapping) -> str:
    return f"{_thing(scenery, state, edit['instance'])}: becomes {_name(scenery, edit['to'])}"


def _add_object(scenery: Scenery, state: State, edit: Mapping) -> str:
    name = edit.get("object")
    kind = _name(scenery, edit["label"] if name is None else scenery.object(name).label)
    return ", ".join([f"{kind} added", *_changes(edit)])


def _remove_object(scenery: Scenery, state: State, edit: Mapping) -> str:
    return f"{_thing(scenery, state, edit['instance'])}: removed"


def _move_object(scenery: Scenery, state: State, edit: Mapping) -> str:
    changes = [*(["moved"] if any(edit.get("by", (0, 0))) else []), *_changes(edit)]
    return f"{_thing(scenery, state, edit['instance'])}: {', '.join(changes) or 'set down again'}"


def _changes(edit: Mapping) -> list[str]:
    scale = [] if edit.get("scale", 1) == 1 else [f"{edit['scale']:.3g} times as large"]
    return [*scale, *(["mirrored"] if edit.get("flip") else [])]


def _stroke(scenery: Scenery, state: State, edit: Mapping) -> str:
    return f"{_name(scenery, edit['label'])} painted"


def _erase(scenery: Scenery, state: State, edit: Mapping) -> str:
    return "erased to how it was"


def _fill(scenery: Scenery, state: State, edit: Mapping) -> str:
    return f"filled with {_name(scenery, edit['label'])}"


def _set_style(scenery: Scenery, state: State, edit: Mapping) -> str:
    if edit.get("instance") is not None:
        whose = _thing(scenery, state, edit["instance"])
    else:
        whose = "everything" if edit["label"] == "all" else f"every {_name(scenery, edit['label'])}"
    if edit.get("cluster") is not None:
        return f"{whose}: style {edit['cluster']}"
    return (
        f"{whose}: style drawn by {edit['seed']}" if edit.get("seed") is not None else f"{whose}: own style"
    )


def _settle(scenery: Scenery, state: State, edit: Mapping) -> str:
    return "rendered anew"


_WORDS: dict[str, Callable[[Scenery, State, Mapping], str]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _change_label, _add_object, _remove_object, _move_object, _stroke, _erase, _fill, _set_style, _settle,
    )
}  # fmt: skip
