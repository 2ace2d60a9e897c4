"""What every registered component owes its callers, tried on those of the core."""

from synthkit import plugins, registry, testing
from synthkit.testing.component import checks_of_kind

test_contract = testing.contract(
    small={
        "patch": {"channels": 4, "layers": 2},
        "label": {"classes": 5},
        "streets": {"size": [32, 64], "count": 2},
        # those that need files: tests/data, tests/data/edges, tests/metrics, tests/test_backbones.py
        **dict.fromkeys(("ab_folders", "aligned", "cityscapes", "folders", "timm", "vgg19", "dexined")),
        **dict.fromkeys(("torchvision", "export")),  # in tests/test_judge_networks.py
        "segmentation": None,  # in tests/test_segmentation.py
        "smp": {"architecture": "unet"},
        **dict.fromkeys(("fid", "fid_clean", "kid", "lpips", "lpips_diversity")),
    }
)
ELSEWHERE = {"trackers": "tests/test_trackers.py"}


def test_every_extension_point_is_tested():
    for name, found in plugins.sources().items():
        if found[0].bundled:
            plugins.load(name)
    for each in filter(registry.Registry.names, registry.REGISTRIES):
        trials = {check.__name__ for check in checks_of_kind(each.name)} - {"docstring", "settings"}
        assert trials or each.name in ELSEWHERE, each.name
