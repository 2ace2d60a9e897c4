"""The pages agree with the code: the reference, links, commands and configs."""

import importlib
import pkgutil
import re
import runpy
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import typer

from synthkit import build, cli, config
from synthkit.data.transforms import PairedTransform
from synthkit.reference import Training, shipped
from synthkit.registry import DATASETS, LOSSES, STEPS
from synthkit.translator import Translator

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *sorted(ROOT.glob("*.md")), *sorted((ROOT / "plugins").glob("*/*.md"))]
WRITE_REFERENCE = ROOT / "tools" / "write_reference.py"
FALLBACK = "pix2pixhd/streets_64"  # what a fragment without a base is laid over

# Commands, options, keys, types and units that the pages name and the code does not have yet.
PENDING: set[str] = set()


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)


def test_reference_is_fresh(tmp_path, monkeypatch):
    page = tmp_path / "reference.md"
    monkeypatch.setattr(sys, "argv", [str(WRITE_REFERENCE), str(page)])
    runpy.run_path(str(WRITE_REFERENCE), run_name="__main__")
    stale = page.read_text("utf-8") != (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert not stale, "docs/reference.md is out of date: run `python tools/write_reference.py`"


def anchors(path: Path) -> set[str]:
    """The names under which a page's headings can be reached, as GitHub makes them."""
    found: list[str] = []
    for heading in re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S), re.M
    ):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


def broken_links(path: Path) -> list[str]:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8"))
    broken = []
    for link in (link for link in links if not re.match(r"[a-z]+:", link)):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    assert not broken_links(path)


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One `Two`: three\n[a](#one-two-three) [b](#two) [c](nowhere.md) [d](https://x.org/y)")
    assert broken_links(page) == ["#two", "nowhere.md"]


def test_every_page_is_in_the_index():
    linked = re.findall(r"\]\(([^)#]+)", (ROOT / "docs" / "README.md").read_text("utf-8"))
    assert {path.name for path in DOCS} - {"README.md"} <= set(linked)


def commands(path: Path) -> Iterator[list[str]]:
    """The words after `synthkit` in a page's shell blocks and in its text."""
    text = path.read_text("utf-8")
    lines = [line for block in blocks(path, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`\n]*\bsynthkit [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    for line in lines:
        for command in re.split(r"&&|[|;>]", line):
            words = _words(command)
            if "synthkit" in words and words[words.index("synthkit") - 1] not in ("install", "import"):
                yield words[words.index("synthkit") + 1 :]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_stand_where_they_are_tried(path):
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.M | re.S):
        assert language == "sh" or not re.search(r"^synthkit ", block, re.M), (
            f"```sh begins the block\n{block}"
        )


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command, comments=True)
    except ValueError:  # a quotation that goes on in the next line
        return command.replace("'", " ").split()


def command_tree() -> typer.core.TyperGroup:
    for module in pkgutil.iter_modules(cli.__path__):
        importlib.import_module(f"synthkit.cli.{module.name}")
    return typer.main.get_command(cli.app)


def unknown_words(words: list[str]) -> list[str]:
    """The sub-command or the options that the command line does not have."""
    command, rest = command_tree(), list(words)
    while rest:
        word = rest.pop(0)
        options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
        if word.startswith("-") and word.partition("=")[0] not in {*options, "--help"}:
            return [word]
        if word in options and not getattr(options[word], "is_flag", True) and rest:
            rest.pop(0)
        elif hasattr(command, "commands") and not word.startswith("-"):
            if word not in command.commands:
                return [word]
            command = command.commands[word]
    return []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(path):
    for words in commands(path):
        assert set(unknown_words(words)) <= PENDING, f"synthkit {' '.join(words)}"
        name = next((word for word in words if word in config.shipped_names()), "")
        sections = "model|data|train" if name else "model|train"  # data is another's where the file is
        overrides = [word for word in words if re.match(rf"({sections})\.\S+=", word)]
        if overrides:
            check_config(config.load(name or FALLBACK, overrides))


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("train x.yaml --resume", []),
        ("train x.yaml --work-dir=a --resumee", ["--resumee"]),
        ("--plugin-path trian config show x.yaml", []),
        ("config shwo x.yaml", ["shwo"]),
    ],
)
def test_an_unknown_command_is_found(line, unknown):
    assert unknown_words(line.split()) == unknown


def without_pending(value):
    """A config without what is pending: keys, parts of a type, and 1 for a number with a unit."""
    if isinstance(value, str) and value.split()[-1:] and value.split()[-1] in PENDING:
        return 1
    if not isinstance(value, dict):
        return value
    types = {key: item.get("type") for key, item in value.items() if isinstance(item, Mapping)}
    rest = build.without(value, *(key for key in value if key in PENDING or types.get(key) in PENDING))
    rest.update({key: without_pending(item) for key, item in rest.items()})
    return rest


def keys(group: str, name: str) -> set[str]:
    entry = next(each for each in shipped() if (each.group, each.name) == (group, name))
    return {key.name for key in entry.keys}


def check_config(cfg: config.Section) -> None:
    """Build what can be built without data and weights, and check the keys of the rest, in every stage."""
    for page in config.stages(without_pending(cfg)).values():
        check_page(page)


def check_page(cfg: config.Section) -> None:
    settings = build.call(Training, cfg["train"])
    assert callable(STEPS.get(settings.order))
    build.check_keys(settings.schedule, keys("sections", "train.schedule"))
    losses = {name: spec for name, spec in cfg["model"].get("losses", {}).items() if spec}
    pretrained = [name for name, spec in losses.items() if "backbone" in keys("losses", spec["type"])]
    for name in pretrained:
        build.check_keys(losses[name], {"type", "weight", *keys("losses", losses[name]["type"])})
    with torch.device("meta"):
        Translator.from_config(cfg["model"] | {"losses": build.without(losses, *pretrained)})
    data = cfg["data"]
    assert DATASETS.get(data["type"])
    build.check_keys(data, keys("datasets", data["type"]) | keys("sections", "data"))
    build.call(PairedTransform, data.get("transform", {}))


@pytest.mark.parametrize(
    "path",
    # the others are tried in test_plugins_page.py, benchmark/test_page.py and editing/test_page.py
    [path for path in DOCS if path.name not in ("plugins.md", "benchmarks.md", "editing.md")],
    ids=lambda path: path.name,
)
def test_configs_resolve(path, tmp_path):
    for number, block in enumerate(blocks(path, "yaml")):
        file = tmp_path / f"{path.stem}_{number}.yaml"
        based = "_base_:" in block
        file.write_text(block if based else f"_base_: {FALLBACK}\n{block}", encoding="utf-8")
        check_config(config.load(file))


def test_a_wrong_key_is_found():
    with pytest.raises(build.ConfigError, match="batchsize"):
        check_config(config.load(FALLBACK, ["train.batchsize=2"]))
    with pytest.raises(build.ConfigError, match="widht"):
        check_config(config.load(FALLBACK, ["data.transform.widht=2"]))


# The logits of an undecided discriminator, and those of one that is always right, for real and for fake.
LOGITS = {"lsgan": (0.5, (1, 0)), "vanilla": (0, (40, -40)), "hinge": (0, (1, -1)), "wgan": (0, (1, -1))}


def loss_rows() -> list[list[str]]:
    """The table of values in losses.md: a loss's name, then discriminator and generator, twice."""
    lines = (ROOT / "docs" / "losses.md").read_text("utf-8").splitlines()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]
    return [[row[0], *row[4:]] for row in rows if row[0] in LOSSES]


@pytest.mark.parametrize("row", loss_rows(), ids=lambda row: row[0])
def test_values_of_losses(row):
    """Two scales, summed, with the weights that are the defaults."""
    undecided, right = LOGITS[row[0]]
    loss, values = LOSSES.build(row[0]), []
    for real, fake in ((undecided, undecided), right):
        outputs = [
            [[torch.full((1, 1, size, size), float(each))] for size in (4, 2)] for each in (real, fake)
        ]
        step = SimpleNamespace(real_outputs=outputs[0], fake_outputs=outputs[1])
        values += [loss.discriminator(step).item(), loss.generator(step).item()]
    for told, value in zip(row[1:], values, strict=True):
        if number := re.match(r"[0-9.]+", told):
            assert value == pytest.approx(float(number[0]), abs=5e-4), told


def test_nothing_pending_exists():
    known = {each.name for each in shipped() if each.group != "trackers"}
    known |= {key.name for each in shipped() for key in each.keys}
    pending = {word for path in PAGES for line in commands(path) for word in unknown_words(line)}
    named = {word for path in PAGES for line in commands(path) for word in line}
    exist = PENDING & (known | (named - pending))
    assert not exist, "these exist by now: take them out of PENDING"
