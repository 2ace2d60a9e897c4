"""The registry: names and nothing else, everybody under their own prefix."""

import importlib
import sys

import pytest

from synthkit import config, plugins
from synthkit.errors import ConfigError, PluginError
from synthkit.registry import REGISTRIES, Registry

PLUGIN = """
from toy_registry import TOYS

@TOYS.register_module("good/tiny")
class Tiny:
    def __init__(self, in_channels: int, channels: int = 3):
        self.channels = channels
"""


CORE = """
from toy_registry import TOYS

@TOYS.register_module("plain")
def plain(size: int = 1):
    return size
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """A registry that lives in a module `toy_registry`, its built-ins in `synthkit.toys`, and two plugins."""
    for name in ("_added", "_loaded", "_failures"):
        monkeypatch.setattr(plugins, name, type(getattr(plugins, name))())
    monkeypatch.setattr(plugins, "__path__", list(plugins.__path__))
    known = set(sys.modules)
    registry = Registry("toys", ["synthkit.toys"])
    (tmp_path / "good.py").write_text(PLUGIN)
    (tmp_path / "broken.py").write_text("import cv2_that_is_not_there\n")
    (tmp_path / "idle.py").write_text("raise SystemError('must not be imported')\n")
    plugins.add_path(tmp_path)
    monkeypatch.setitem(sys.modules, "toy_registry", type(sys)("toy_registry"))
    sys.modules["toy_registry"].TOYS = registry
    core = type(sys)("synthkit.toys")
    monkeypatch.setitem(sys.modules, "synthkit.toys", core)
    exec(CORE, vars(core))
    yield registry
    for name in set(sys.modules) - known:
        if name.startswith("synthkit.plugins."):
            del sys.modules[name]
            delattr(plugins, name.rpartition(".")[2])


def register(registry, name, module="__main__", definition="class A: pass", **settings):
    """Register a class from code that claims to be `module`."""
    code = f"{definition}\nregistry.register_module(name, module=A, **settings)"
    exec(
        compile(code, f"{module}.py", "exec"),
        {"__name__": module, "registry": registry, "name": name, "settings": settings},
    )


def test_core_and_plugin_names(toys):
    assert toys.build("plain") == 1
    assert toys.build({"type": "plain", "size": 2}) == 2
    assert "synthkit.plugins.good" not in sys.modules
    assert toys.build({"type": "good/tiny", "channels": 5}, in_channels=1).channels == 5
    assert "good/tiny" in toys
    assert "good/none" not in toys
    assert "nope" not in toys
    assert toys.names() == ["good/tiny", "plain"]
    assert "synthkit.plugins.idle" not in sys.modules


HOSTILE = [
    "os.system",
    "json",
    "os/system",
    "synthkit.plugins.good",
    "..",
    "a.b/c",
    "../good/tiny",
    "good/tiny.Tiny",
    "good/tiny/x",
    "/etc",
    "",
    "torch/nn",
    "mmengine.registry.Registry",
    "good/tiny\n",
    "Plain",
    None,
    3,
    ["plain"],
    {"type": "plain"},
    print,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_only_registered_names_resolve(toys, name):
    modules = set(sys.modules)
    with pytest.raises(ConfigError):
        toys.build({"type": name})
    assert {m for m in set(sys.modules) - modules if m.startswith(("torch", "json", "evil"))} == set()


def test_mmengines_own_registry_would_import_them():
    from mmengine.registry import Registry as Unguarded

    assert Unguarded("unguarded", scope="synthkit").build({"type": "os.getcwd"})


def test_scope_and_missing_type(toys):
    with pytest.raises(ConfigError, match="`_scope_` is not a setting"):
        toys.build({"type": "plain", "_scope_": "evil"})
    with pytest.raises(ConfigError, match="'type' is missing"):
        toys.build({"size": 1})
    for spec in (None, 3, ["plain"]):
        with pytest.raises(ConfigError, match="toys: a name or a mapping"):
            toys.build(spec)


def test_unknown_names_list_what_there_is(toys):
    with pytest.raises(PluginError):
        toys.get("broken/x")
    toys.get("good/tiny")
    spec = config.from_dict({"model": {"toy": {"type": "good/tinny"}}}, "x.yaml")["model"]["toy"]
    with pytest.raises(ConfigError) as caught:
        toys.build(spec)
    text = str(caught.value)
    assert text.startswith(
        "model.toy.type (x.yaml): 'good/tinny' is not one of the toys. Did you mean 'good/tiny'?"
    )
    assert "known: good/tiny, plain\n" in text
    assert "not loaded yet: " in text
    assert "idle" in text.split("not loaded yet: ")[1].split("\n")[0]
    assert "broken (ModuleNotFoundError: No module named 'cv2_that_is_not_there')" in text
    with pytest.raises(ConfigError, match=r"'tiny' is not one of the toys. Did you mean 'good/tiny'"):
        toys.get("tiny")


def test_a_broken_plugin_says_why_each_time(toys):
    causes = []
    for _ in range(3):
        with pytest.raises(
            PluginError, match=r"'broken' failed to import: ModuleNotFoundError: .*not_there"
        ) as caught:
            toys.get("broken/x")
        causes.append(caught.value.__cause__)
    assert causes == [plugins.failures()["broken"]] * 3  # the first error, not a new one
    assert toys.build("plain") == 1


@pytest.mark.parametrize(
    ("module", "name", "form"),
    [
        ("synthkit.plugins.good", "other/a", "good/NAME"),
        ("synthkit.plugins.good", "a", "good/NAME"),
        ("synthkit.plugins.good", "good/a.b", "good/NAME"),
        ("synthkit.plugins.good.deep", ["good/ok", "idle/x"], "good/NAME"),
        ("synthkit.nn.blocks", "good/a", "NAME without a slash"),
        ("__main__", "a", "user/NAME"),
        ("__main__", "good/a", "user/NAME"),
        ("plugins.good", "good/a", "user/NAME"),
    ],
)
def test_everybody_registers_under_their_own_prefix(toys, module, name, form):
    for force in (False, True):
        with pytest.raises(PluginError, match=f"may not register .*: its names have the form {form}"):
            register(toys, name, module, force=force)
    assert toys.names() == ["plain"]


def test_own_prefixes_are_free(toys):
    register(toys, "user/a")
    register(toys, "good/a", "synthkit.plugins.good.sub")
    register(toys, ["b", "c"], "synthkit.nn.blocks")
    assert {"user/a", "good/a", "b", "c"} <= set(toys.names())
    assert toys.get("user/a").__name__ == "A"


def test_a_name_is_taken_once(toys):
    register(toys, "good/a", "synthkit.plugins.good.one")
    with pytest.raises(
        PluginError, match=r"already one of the toys: synthkit.plugins.good.one.py:2, and again .*two.py:2"
    ):
        register(toys, "good/a", "synthkit.plugins.good.two", force=True)
    first = toys.get("good/a")
    register(
        toys, "good/a", "synthkit.plugins.good.one", definition="\n\nclass A: pass"
    )  # reloaded after an edit
    assert toys.get("good/a") is not first


def test_reload_and_double_import(toys, tmp_path, monkeypatch):
    toys.get("good/tiny")
    module = importlib.reload(sys.modules["synthkit.plugins.good"])
    assert toys.get("good/tiny") is module.Tiny
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=r"good \(.*good.py:4\) may not register 'good/tiny'"):
        importlib.import_module("good")


def test_bare_names_fill_the_core_on_first_use(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lazy_location.py").write_text("seen = True\n")
    registry = Registry("lazy", ["lazy_location"])
    assert "lazy_location" not in sys.modules
    assert "nothing" not in registry
    assert sys.modules.pop("lazy_location").seen


def test_registries_have_distinct_names():
    assert len({registry.name for registry in REGISTRIES}) == len(REGISTRIES) == 13
