"""What differs between the configs of runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def differences(configs: Sequence[Mapping[str, Any]]) -> list[dict]:
    """The dotted keys that differ, each with its value in every config as text; None where it is absent."""
    rows = []
    for key in dict.fromkeys(key for config in configs for key in config):
        values = [_text(config[key]) if key in config else None for config in configs]
        if len(set(values)) > 1:
            rows.append({"key": key, "values": values})
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
