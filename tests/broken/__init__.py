"""Small components, each of which breaks the contract in one way: what the checks must find."""

CASES = []  # kind, check, a piece of its message, the component


def breaks(kind: str, check: str, message: str):
    """Decorates a component of this kind that the check refuses with such a message."""

    def wrap(target):
        CASES.append((kind, check, message, target))
        return target

    return wrap


from broken import generators, networks, others  # noqa: E402, F401  (they fill the list)
