"""Edits that are done, undone and done again."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from synthkit.editing.state import State
from synthkit.errors import DataError, shown
from synthkit.section import plain

KEPT = 16  # states that are remembered; others are made again from the nearest one before


class History:
    """A list of edits and a position in it.

    Args:
        opening: the state before the first edit.
        apply: makes the next state out of a state and an edit; the same for the same ones.
        describe: says what an edit does to a state.
    """

    def __init__(
        self,
        opening: State,
        apply: Callable[[State, Mapping], State],
        describe: Callable[[State, Mapping], str],
    ):
        self._apply, self._describe, self._states = apply, describe, {0: opening}
        self.edits: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.position = 0

    @property
    def state(self) -> State:
        """The state at the position."""
        return self._states[self.position]

    def add(self, edit: Mapping) -> State:
        """Apply an edit and step behind it; undone ones are forgotten. Raises what `apply` does."""
        state = self._apply(self.state, edit)
        self.texts[self.position :] = [self._describe(self.state, edit)]
        self.edits[self.position :] = [deepcopy(plain(edit))]  # a mask is an array
        self._states = {place: each for place, each in self._states.items() if place <= self.position}
        self.position += 1
        self._keep(self.position, state)
        return state

    def goto(self, position: int) -> State:
        """Step to a position, from 0 (as opened) to the number of edits. Raises DataError for another."""
        if type(position) is not int or position not in range(len(self.edits) + 1):
            raise DataError(f"position {shown(position)}: it must be from 0 to {len(self.edits)}")
        nearest = max(place for place in self._states if place <= position)
        for place in range(nearest, position):
            self._keep(place + 1, self._apply(self._states[place], self.edits[place]))
        self.position = position
        return self.state

    def _keep(self, position: int, state: State) -> None:
        """Remember a state, and forget one where there are too many.

        They lie the closer the nearer to the position, but some everywhere: a step back from any place makes
        few others again.
        """
        self._states[position] = state
        if len(self._states) > KEPT + 1:
            places = sorted(self._states)
            gaps = {
                place: (after - before) ** 2 / abs(place - position)
                for before, place, after in zip(places, places[1:], places[2:], strict=False)
                if place != position
            }
            del self._states[min(gaps, key=gaps.get)]
