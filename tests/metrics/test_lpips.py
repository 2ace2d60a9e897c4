"""LPIPS against its authors' package, with seeded backbones; and what goes without weights files."""

import warnings
from itertools import combinations

import pytest
import torch
from torch import nn

from synthkit.backbones import EfficientNetLite0
from synthkit.errors import SynthkitError
from synthkit.evaluate import Scores
from synthkit.metrics import lpips
from synthkit.metrics.metric import Scored
from synthkit.registry import METRICS
from synthkit.testing import Component, checks_of

NETS = ("alex", "vgg")


def seeded(net: str, folder) -> nn.Module:
    """A backbone with random features, whose file lies in the folder: torchvision's, without a classifier."""
    from torchvision.models import get_model

    name, file, _ = lpips.BACKBONES[net]
    with torch.device("meta"):
        network = get_model(name, weights=None)
    state = {key: torch.zeros(1).expand(value.shape) for key, value in network.state_dict().items()}
    for key, value in state.items():
        if key.startswith("features") and value.ndim == 4:
            state[key] = nn.init.kaiming_normal_(torch.empty(value.shape))
    torch.save(state, folder / file)
    network.load_state_dict(state, assign=True)
    return network


def published(net: str, backbone: nn.Module, monkeypatch) -> nn.Module:
    """The package's own LPIPS on this backbone, which it would download."""
    import lpips as package

    name = lpips.BACKBONES[net][0]
    monkeypatch.setattr(f"lpips.pretrained_networks.tv.{name}", lambda pretrained: backbone)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return package.LPIPS(net=net, verbose=False)


@pytest.mark.parametrize("net", NETS)
def test_equals_the_package(weights_folder, monkeypatch, net):
    reference = published(net, seeded(net, weights_folder), monkeypatch)
    fake, real, other = torch.rand(3, 2, 3, 32, 48) * 2 - 1
    scores = Scores({"lpips": {"net": net}, "lpips_diversity": {"net": net}})
    scores.add(Scored(fake, real, samples=torch.stack([fake, real, other])))
    with torch.no_grad():
        expected = reference(fake, real).mean().item()
        pairs = [reference(*pair).mean().item() for pair in combinations((fake, real, other), 2)]
    values = scores.values()
    assert expected > 0.01
    assert values["lpips"] == pytest.approx(expected, rel=1e-5)
    assert values["lpips_diversity"] == pytest.approx(sum(pairs) / 3, rel=1e-5)


@pytest.mark.parametrize("name", ["lpips", "lpips_diversity"])
def test_contract(weights_folder, name):
    seeded("alex", weights_folder)
    component = Component("metrics", name, METRICS.get(name))
    for check in checks_of(component):
        check(component)


@pytest.mark.parametrize(
    ("net", "file"), [("alex", "alexnet-owt-7be5be79.pth"), ("vgg", "vgg16-397923af.pth")]
)
def test_without_its_backbone_the_error_says_where_it_goes(weights_folder, net, file):
    for name in ("lpips", "lpips_diversity"):
        with pytest.raises(SynthkitError) as error:
            Scores({name: {"net": net}})
        assert str(weights_folder / file) in str(error.value)
        assert "pd_efflite0" in str(error.value)


def test_pd_is_the_packages_distance_without_weights():
    """Its own normalisation and average, on the maps of efficientnet_lite0."""
    import lpips as package

    fake, real, other = torch.rand(3, 2, 3, 64, 80) * 2 - 1
    backbone = EfficientNetLite0().eval()

    def distance(first, second):
        total = 0
        for maps in zip(backbone(first), backbone(second), strict=True):
            a, b = map(package.normalize_tensor, maps)
            total = total + package.spatial_average(((a - b) ** 2).sum(1, keepdim=True), keepdim=False)
        return total[:, 0]

    with torch.no_grad():
        torch.testing.assert_close(METRICS.get("pd_efflite0")(fake, real), distance(fake, real))
        pairs = [distance(*pair).mean().item() for pair in combinations((fake, real, other), 2)]
    scores = Scores(["pd_efflite0_diversity"])
    scores.add(Scored(fake, samples=torch.stack([fake, real, other])))
    assert scores.values()["pd_efflite0_diversity"] == pytest.approx(sum(pairs) / 3, rel=1e-5)
