"""What an edit did, in the words of the editor's list."""

from collections.abc import Callable, Mapping


def describe(edit: Mapping, name: Callable[[int | str], str]) -> str:
    """A few words for an edit that was applied; `name` gives a class's name by name or id."""
    return _WORDS[edit["edit"]](edit, name)


def _styled(edit: Mapping, name: Callable[[int | str], str]) -> str:
    whose = f"instance {edit['instance']}" if "instance" in edit else name(edit["label"])
    if "cluster" in edit:
        return f"Gave {whose} style {edit['cluster']}"
    return f"Gave {whose} {'a random style' if 'seed' in edit else 'the style of a photo'}"


_WORDS = {
    "change_label": lambda edit, name: f"Made instance {edit['instance']} {name(edit['to'])}",
    "add_object": lambda edit, name: f"Added {edit['object'] if 'object' in edit else name(edit['label'])}",
    "remove_object": lambda edit, name: f"Removed instance {edit['instance']}",
    "move_object": lambda edit, name: f"Moved instance {edit['instance']}",
    "stroke": lambda edit, name: f"Painted {name(edit['label'])}",
    "erase": lambda edit, name: "Erased",
    "fill": lambda edit, name: f"Filled an area with {name(edit['label'])}",
    "set_style": _styled,
    "settle": lambda edit, name: "Rendered all anew",
}
