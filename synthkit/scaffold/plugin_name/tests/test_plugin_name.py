from pathlib import Path

from synthkit import testing

test_contract = testing.contract("plugin_name", folder=Path(__file__).parents[1], small={})
