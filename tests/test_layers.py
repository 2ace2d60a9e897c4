"""Imports point down: 5 -> 4 -> 3 -> 2 -> 1 -> 0, the core names no plugin, and configs load no torch."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = (
    "build config devices distributed errors paths plugins quantities registry section yaml_loader",
    "augment backbones data discriminators losses metrics nn pool weights",
    "assembly inputs optimizers schedules steps translator",
    "charts checkpoint comparison config_differences editing ema evaluate export figures freezing handover "
    "health importers inference lock memory own_samples pages progress reading records rehearsal report "
    "run_folder runner runs sample_files scores settings stages styles summary surroundings trackers "
    "trainer training_state validation",
    "benchmark",
    "__main__ cli editor reference scaffold testing",
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
TEMPLATE = ROOT / "synthkit" / "scaffold" / "plugin_name"  # of a plugin of one's own
CORE = sorted(path for path in (ROOT / "synthkit").rglob("*.py") if not path.is_relative_to(TEMPLATE))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The synthkit modules that a file imports, as dotted names, wherever in the file they stand."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "synthkit"}


def rank_of(module: str) -> int:
    """The layer of `synthkit.x.y`; names of the package itself (__version__) are layer 0."""
    parts = module.split(".")
    return RANK.get(parts[1], 0) if len(parts) > 1 else 0


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_imports_point_down(path):
    parts = path.relative_to(ROOT / "synthkit").with_suffix("").parts
    if parts == ("__init__",):
        return  # the public names, fetched lazily
    assert parts[0] in RANK, f"{parts[0]} has no layer yet"
    rank = RANK[parts[0]]
    for module in imports(path):
        assert rank_of(module) <= rank, f"{path} imports {module} from above"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT)))
def test_plugins_import_the_parts_and_themselves(path):
    own = f"synthkit.plugins.{path.relative_to(ROOT / 'plugins').parts[0].removesuffix('.py')}"
    for module in imports(path):
        if module.startswith("synthkit.plugins."):
            assert f"{module}.".startswith(f"{own}."), f"{path} imports {module}"
        assert rank_of(module) <= 2, f"{path} imports {module}"


def test_configs_and_plugins_import_neither_torch_nor_mmengine():
    code = "import sys, synthkit.config, synthkit.plugins; print({'torch', 'mmengine'} & sys.modules.keys())"
    control = code.replace("synthkit.config", "mmengine.registry")
    outputs = [
        subprocess.run([sys.executable, "-c", c], capture_output=True, text=True).stdout
        for c in (code, control)
    ]
    assert outputs[0] == "set()\n"
    assert "mmengine" in outputs[1]


BUNDLED = {path.relative_to(ROOT / "plugins").parts[0].removesuffix(".py") for path in PLUGINS}
AS_IN_PAPERS = {"pix2pix"}  # written in small letters there, too, so docstrings may cite it


def words(tree: ast.AST) -> set[str]:
    """The string constants of a module and the names in it; docstrings are left out."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found.add(node.value)
        found |= {
            getattr(node, field).lower()
            for field in ("id", "attr", "arg", "name", "module", "asname")
            if isinstance(getattr(node, field, None), str)
        }
    return found


def named(text: str, plugins: set[str]) -> list[str]:
    """The plugins that a text names in small letters, a word by itself or between underscores."""
    return [name for name in plugins if re.search(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])", text)]


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_names_no_plugin(path):
    text = path.read_text(encoding="utf-8")
    assert not named(text, BUNDLED - AS_IN_PAPERS)
    assert not [word for word in words(ast.parse(text)) if named(word, BUNDLED)]


def test_pages_and_other_files_of_the_core_name_no_plugin():
    trained = ROOT / "synthkit" / "pretrained"  # runs, whose configs say what they are made of
    for path in (ROOT / "synthkit").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.is_relative_to(trained):
            assert not named(path.read_text(encoding="utf-8"), BUNDLED), path


@pytest.mark.parametrize(
    "code", ['x = "toy/tiny"', 'f(help="such as toy")', "TOY_FOLDERS = 1", "import a.toy", "def f(toy): 1"]
)
def test_a_named_plugin_is_found(code):
    assert any(named(word, {"toy"}) for word in words(ast.parse(code)))
    assert not named("(Toy et al.), toys, toyHD", {"toy"})


def test_no_file_holds_two_ideas():
    for path in (*CORE, *PLUGINS):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_a_breach_is_found(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("def f():\n    from synthkit.runner import train\n")
    assert max(map(rank_of, imports(path))) == 3
