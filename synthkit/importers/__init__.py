"""Runs from the weights that a plugin's original published or that its users trained.

A plugin takes part with a module `official`: KINDS (what `--kind` may say -> the network, or "styles"),
`convert(state dict) -> our weights`, `describe(weights) -> (network, its settings and in_channels)`, CHANNELS
(those of published generators -> how many are labels, 0 for an RGB source, and whether a boundary is among
them) and `base_config(generator's settings, labels, styles)`, the run's config but for the inputs and the
networks that have been imported. `style_channels` beside `in_channels` are those of a style vector, 0 where a
generator has none; without, it may have a style map among its `in_channels`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from synthkit import build, plugins
from synthkit.errors import CheckpointError, ConfigError, listed
from synthkit.importers import clusters, condition
from synthkit.importers.draft import Draft
from synthkit.importers.torch_file import read_state
from synthkit.inference import needed_options
from synthkit.styles.codes import FILE

__all__ = ["Source", "import_file"]

STYLES = "styles"


@dataclass(frozen=True)
class Source:
    """A file of the original of `plugin`; `kind` says what it holds, in the words of the plugin.

    Raises PluginError for a plugin that is unknown or has no original, CheckpointError for another kind.
    """

    plugin: str
    path: Path
    kind: str

    def __post_init__(self):
        kinds = self.official.KINDS
        if self.kind not in kinds:
            raise CheckpointError(f"--kind {self.kind}: the files of {self.plugin} are {listed(kinds)}")

    @cached_property
    def official(self) -> ModuleType:
        return plugins.module(self.plugin, "official")

    @property
    def target(self) -> str:
        """The network that the kind stands for, or "styles"."""
        return self.official.KINDS[self.kind]

    @cached_property
    def origin(self) -> dict[str, str]:
        """Where the weights come from, for the run's records."""
        try:
            with self.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as err:
            raise CheckpointError(f"{self.path} cannot be read: {err}") from err
        return {"plugin": self.plugin, "file": self.path.name, "sha256": digest}


def import_file(
    source: Source,
    run: Path,
    *,
    labels: int | None = None,
    boundary: bool = True,
    overrides: Sequence[str] = (),
) -> str:
    """Make a run of a generator's file, or add another network or style clusters to it; says what was done.

    `labels` (0: an RGB source) and `boundary` tell what a generator's channels are, where they are not those
    of a published one. `overrides` are laid over the run's config. Raises CheckpointError for files that are
    damaged, refused, of another kind, or do not fit the run, and ConfigError for overrides that do not.
    """
    if source.target != "generator" and (labels is not None or not boundary):
        raise CheckpointError("--labels and --no-boundary tell what the channels of a generator are")
    if source.target == STYLES and overrides:
        raise ConfigError(f"{overrides[0]}: style clusters leave the run's config as it is")
    if source.target == STYLES:
        return clusters.add(run, source.path, source.origin)
    weights = source.official.convert(read_state(source.path))
    name, settings = source.official.describe(weights)
    if name != source.target:
        raise CheckpointError(f"{source.path} holds the {name} ({settings['type']}), not the {source.target}")
    if name == "generator":
        given = condition.read(settings, source.official.CHANNELS, labels=labels, boundary=boundary)
        base = source.official.base_config(settings, given.labels, given.styles)
        draft = Draft.new(run, base, given.inputs)
    else:
        draft = Draft.of_run(run)
    draft.add(name, settings, weights, source.origin)
    draft.check(overrides)
    draft.write()
    return _told(draft, name, source)


def _told(draft: Draft, name: str, source: Source) -> str:
    """What was done, what is still missing, and what comes next."""
    inputs, kinds = draft.translator().inputs, {value: key for key, value in source.official.KINDS.items()}
    channels = [f"{kind} ({each.channels})" for kind, each in inputs.items()]
    missing, styles = draft.missing, build.part(draft.model, "encoder").get("out_channels")
    if styles:
        channels.append(f"style ({styles})")
        missing += [] if (draft.run / FILE).is_file() else [STYLES]
    lines = [f"{name + ':':<15}{draft.describe(name)}", f"channels:      {', '.join(channels)}"]
    for each in filter(kinds.__contains__, missing):
        command = f"synthkit import {source.plugin} FILE --kind {kinds[each]} --out {draft.run}"
        lines.append(f"no {each} yet: {command}")
    if "encoder" not in missing:
        lines.append(f"translate:     synthkit translate {draft.run} OUT {needed_options(draft.config)}")
    tuning = f"{draft.run}/config.yaml --work-dir NEW train.init_from={draft.run}"
    return "\n".join([*lines, f"train on:      synthkit train {tuning}"])
