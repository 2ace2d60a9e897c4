"""The networks of FID and of its kin: their features are those of pytorch-fid and timm."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import to_tensor

from synthkit.data.pictures import to_uint8
from synthkit.errors import DataError, SynthkitError
from synthkit.evaluate import Scores
from synthkit.metrics import features
from synthkit.metrics.frechet import frechet_distance
from synthkit.metrics.kernel import kernel_distance
from synthkit.metrics.metric import Scored
from synthkit.registry import METRICS
from synthkit.testing import Component, checks_of


def published(state, monkeypatch):
    """pytorch-fid's network with these weights, which it would download."""
    from pytorch_fid import inception

    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *args, **options: state)
    return inception.InceptionV3().eval()


def test_fid_features_are_those_of_pytorch_fid_on_png_files(
    inception, inception_state, tmp_path, monkeypatch
):
    images = torch.rand(2, 3, 70, 90) * 2 - 1
    for index, image in enumerate(images):
        Image.fromarray(to_uint8(image)).save(tmp_path / f"{index}.png")
    read = torch.stack([to_tensor(Image.open(tmp_path / f"{index}.png")) for index in range(2)])
    with torch.no_grad():
        expected = published(inception_state, monkeypatch)(read)[0][..., 0, 0]
    found = features.INCEPTION(images)
    assert found.shape == (2, 2048)
    assert expected.std() > 1e-3  # there is something to compare
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(features.INCEPTION_CLEAN(images), expected, rtol=1e-2)


@pytest.mark.parametrize("size", [(512, 700), (64, 96)])
def test_clean_resize_is_pillows(size):
    image = torch.rand(1, 3, *size) * 2 - 1
    pixels = to_uint8(image[0]).astype(np.float32)
    channels = [
        Image.fromarray(pixels[..., index], mode="F").resize((299, 299), Image.Resampling.BICUBIC)
        for index in range(3)
    ]
    expected = np.stack(channels).clip(0, 255)
    found = (features.clean(image)[0].numpy() + 1) * 127.5
    np.testing.assert_allclose(found, expected, atol=0.01)
    plain = (features.bilinear(image)[0].numpy() + 1) * 127.5
    assert np.abs(plain - expected).max() > 1


def test_lite0_features_are_those_before_the_classifier():
    import timm

    from synthkit.backbones import lite0_weights

    full = timm.create_model("tf_efficientnet_lite0").eval()
    full.load_state_dict(lite0_weights())
    images = (torch.randint(256, (2, 3, 64, 96)) / 127.5) - 1
    with torch.no_grad():
        torch.testing.assert_close(full.classifier(features.LITE0(images)), full(images))
    with pytest.raises(DataError, match="32 pixels or more, not 16x96"):
        features.LITE0(images[:, :, :16])


def test_fid_and_kid_share_their_features(small_inception, monkeypatch):
    """The network sees each batch once; the scores are those of its features."""
    seen, forward = [], features.INCEPTION._view
    monkeypatch.setattr(
        features.INCEPTION, "_view", lambda images: seen.append(len(images)) or forward(images)
    )
    scores = Scores(["fid", "kid"])
    fake, real = torch.rand(2, 3, 3, 32, 32) * 2 - 1
    scores.add(Scored(fake, real))
    assert seen == [3, 3]
    pair = [features.INCEPTION(images) for images in (fake, real)]
    moments = [value for rows in pair for value in (rows.double().mean(0), torch.cov(rows.double().T))]
    values = scores.values()
    assert list(values) == ["fid", "kid", "kid_std"]
    assert values["fid"] == pytest.approx(frechet_distance(*moments), rel=1e-6)
    assert (values["kid"], values["kid_std"]) == kernel_distance(*pair)


@pytest.mark.parametrize("name", ["fid", "fid_clean", "kid"])
def test_contract(small_inception, name):
    component = Component("metrics", name, METRICS.get(name))
    for check in checks_of(component):
        check(component)


@pytest.mark.parametrize("name", ["fid", "fid_clean", "kid"])
def test_without_its_weights_the_error_says_where_they_go(weights_folder, name):
    with pytest.raises(SynthkitError) as error:
        Scores([name])
    assert str(weights_folder / "pt_inception-2015-12-05-6726825d.pth") in str(error.value)
    assert "fd_efflite0" in str(error.value)
