"""A run of imported networks: put together, checked, written."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from synthkit import __version__, build, checkpoint, config, plugins, training_state
from synthkit.assembly import IMAGE, build_discriminator
from synthkit.data import check_settings
from synthkit.errors import CheckpointError
from synthkit.inputs import build_inputs
from synthkit.progress import Progress
from synthkit.run_folder import claim, write_config, writing
from synthkit.settings import Training
from synthkit.trackers.metrics_file import MetricsFile
from synthkit.trainer import seed_all
from synthkit.translator import Translator

SHOWN = 6  # keys in a message
WIRED = ("in_channels", "style_channels")  # what no config says


@dataclass
class Draft:
    """The config and the weights of a run that has not trained, and where each network came from."""

    run: Path
    config: config.Section
    weights: dict[str, Tensor] = field(default_factory=dict)
    origins: dict[str, dict] = field(default_factory=dict)

    @classmethod
    def new(cls, run: Path, base: config.Section, inputs: Mapping) -> Self:
        """One without networks, whose model has these inputs.

        Raises CheckpointError where the folder has content.
        """
        if run.exists() and (not run.is_dir() or any(each.name[0] != "." for each in run.iterdir())):
            raise CheckpointError(f"{run} is not empty: --out names another folder")
        return cls(run, _laid_over(base, "inputs", inputs))

    @classmethod
    def of_run(cls, run: Path) -> Self:
        """That of an imported run. Raises CheckpointError where there is none, or where it has trained."""
        if not (run / "checkpoints").is_dir():
            raise CheckpointError(f"there is no imported run {run} yet: its generator comes first")
        found, _ = checkpoint.find(run)
        if found.step or not isinstance(found.state.get("imported"), dict):
            raise CheckpointError(f"{found.path} was trained here: networks are added to imported runs only")
        cfg = config.from_dict(found.config, name=str(found.path))
        return cls(run, cfg, found.weights(), found.state["imported"])

    @property
    def model(self) -> Mapping:
        """The config's section."""
        return build.need(self.config, "model")

    @property
    def missing(self) -> list[str]:
        """The networks of the config that have no weights yet."""
        return [name for name in self.translator().networks if name not in self.origins]

    def add(self, name: str, settings: Mapping, weights: Mapping[str, Tensor], origin: Mapping) -> None:
        """Take a network with its settings and what synthkit wires itself, as `describe` gives them.

        Raises CheckpointError where the run has one, or where its channels are not those of the others.
        """
        if name in self.origins:
            raise CheckpointError(f"{self.run} has its {name} already")
        self._check_channels(name, settings)
        self.config = _laid_over(self.config, name, build.without(settings, *WIRED))
        self.weights |= {f"{name}.{key}": value for key, value in weights.items()}
        self.origins = {**self.origins, name: dict(origin)}

    def _check_channels(self, name: str, settings: Mapping) -> None:
        """Raise CheckpointError where a discriminator or an encoder was not the generator's."""
        if name == "discriminator":
            given, kind = settings["in_channels"] - IMAGE, "condition"
            wanted = sum(each.channels for each in build_inputs(build.need(self.model, "inputs")).values())
        elif name == "encoder":
            given, kind = settings["out_channels"], "style"
            wanted = build.part(self.model, name).get("out_channels", 0)
        else:
            return
        if given != wanted:
            raise CheckpointError(
                f"this {name} is for a {kind} of {given} channels; the generator of {self.run} has {wanted}"
            )

    def check(self, overrides: Sequence[str]) -> None:
        """Lay overrides over the config and see that it holds, and builds networks that the weights fit.

        Raises ConfigError and CheckpointError.
        """
        self.config = config.from_dict(config.plain(self.config), "import", overrides)
        build.call(Training, build.need(self.config, "train"))
        check_settings(build.need(self.config, "data"))
        expected = self.translator().networks.state_dict()
        expected = {key: value for key, value in expected.items() if key.split(".")[0] in self.origins}
        if problems := checkpoint.differences(expected, self.weights):
            more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
            lines = [f"the weights fit no model of {self.run}:", *problems[:SHOWN], *more]
            raise CheckpointError("\n  ".join(lines))

    def translator(self) -> Translator:
        """The config's networks, without memory."""
        with torch.device("meta"):
            translator = Translator.from_config(self.model, training=False)
            if self.model.get("discriminator"):
                channels = sum(each.channels for each in translator.inputs.values())
                network = build_discriminator(self.model["discriminator"], channels=channels)
                translator.networks["discriminator"] = network
        return translator

    def write(self) -> None:
        """Write the run folder, as a training's before its first step.

        Raises CheckpointError where that fails.
        """
        seed_all(self.config["train"].get("seed", 0))
        plain, generators = training_state.random_states()
        with closing(claim(self.run)):
            checkpoint.save(
                self.run / "checkpoints",
                step=0,
                state={
                    "config": config.plain(self.config),
                    "progress": asdict(Progress()),
                    "random": [plain],
                    "versions": {"synthkit": __version__, "torch": torch.__version__},
                    "plugins": plugins.provenance(),
                    "imported": self.origins,
                },
                tensors={
                    "weights": self.weights,
                    "training": {f"process0/random/{key}": value for key, value in generators.items()},
                },
            )
            write_config(self.run, self.config)
            with writing(self.run), closing(MetricsFile(self.run, say=print)) as metrics:
                name, origin = list(self.origins.items())[-1]
                metrics.log({"kind": "import", "step": 0, "network": name, **origin})

    def describe(self, name: str) -> str:
        """What network `name` is: its type, size and settings."""
        settings = self.model[name]
        count = sum(value.numel() for key, value in self.weights.items() if key.startswith(f"{name}."))
        values = (f"{key} {_written(value)}" for key, value in settings.items() if key != "type")
        return ", ".join([settings["type"], *values, f"{count:,} parameters"])


def _written(value: Any) -> str:
    """A setting as a config has it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _laid_over(cfg: config.Section, key: str, section: Mapping) -> config.Section:
    """The config with `section` in place of its model.KEY."""
    return config.merge(cfg, config.from_dict({"model": {key: {"_delete_": True, **section}}}, name="import"))
