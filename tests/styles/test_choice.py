"""Styles of a trained model picked by class, instance or photo, and drawn."""

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import tiny
from small_styles import batch_of, call

import synthkit
from synthkit.errors import CheckpointError, ConfigError, DataError
from synthkit.styles import Styles
from synthkit.styles.choice import Chooser
from synthkit.styles.regions import find_regions

REACH = 20  # pixels from which the tiny generator's pixels are made


@pytest.fixture(scope="module")
def draw(model, scene):
    """The picture of the scene, as numbers, with the given styles."""

    def translated(**given):
        return np.asarray(model.translate(label=scene.label, instance=scene.instance, **given)).astype(int)

    return translated


def test_before_a_fit_only_a_photo_gives_styles(unfitted, scene):
    model, maps = synthkit.load(unfitted), {"label": scene.label, "instance": scene.instance}
    with pytest.raises(CheckpointError, match="synthkit styles fit .* or style_from"):
        model.translate(**maps)
    assert model.translate(**maps, style_from=scene.image).size == (64, 32)


def test_a_photo_gives_the_styles_that_its_own_encoding_has(model, draw, scene):
    """`style_from` is what training draws: the encoder's map straight into the generator."""
    batch = batch_of(scene.label.astype(np.int32), scene.instance)
    batch["image"] = torch.tensor(scene.image).permute(2, 0, 1)[None] / 127.5 - 1
    fake = model.translator.translate(batch)[0].permute(1, 2, 0).numpy()
    assert np.abs(draw(style_from=scene.image) - (fake + 1) * 127.5).max() <= 1


def test_styles_by_class_name_and_id(draw):
    common = draw()
    assert np.array_equal(common, draw(style={"building": 0, "sky": 0}))
    changed = draw(style={"building": 1})
    assert np.array_equal(changed, draw(style={1: 1})) and not np.array_equal(changed, common)


def test_samples_hang_on_the_seed_and_leave_what_is_fixed(draw, model, scene):
    assert np.array_equal(draw(style="sample", seed=3), draw(style="sample", seed=3))
    assert len({draw(style="sample", seed=seed).tobytes() for seed in range(4)}) > 1
    regions = find_regions(batch_of(scene.label.astype(np.int32), scene.instance))
    chooser = Chooser(model.styles, regions, seed=5)
    codes = chooser.by_class(chooser.common(), {"all": "sample", "building": 2})
    buildings = torch.from_numpy(regions.labels == 1)
    assert (codes[buildings] == model.styles.centres[1][2]).all()


def test_draws_follow_the_counts_and_keep_to_their_instance():
    """900 to 100 instances, drawn for 2000: within five standard deviations of a tenth."""
    codes = Styles({1: torch.tensor([[0.0], [1.0]])}, {1: torch.tensor([900, 100])})
    ids = np.arange(2000, dtype=np.int32).reshape(40, 50)
    regions = find_regions(batch_of(np.ones_like(ids), ids))
    chooser = Chooser(codes, regions)
    drawn = chooser.by_class(chooser.common(), "sample")
    assert abs(drawn.mean().item() - 0.1) < 5 * (0.09 / 2000) ** 0.5
    few = find_regions(batch_of(np.ones((1, 50), np.int32), ids[7:8]))
    again = Chooser(codes, few)
    assert torch.equal(again.by_class(again.common(), "sample"), drawn[350:400])


def test_an_instance_is_edited_by_itself(draw, scene):
    """Far from the instance, beyond what the generator's kernels reach, nothing changes."""
    instance = 6000  # a tree at the left
    edited, common = draw(instance_style={instance: 1}), draw()
    columns = np.flatnonzero((scene.instance == instance).any(0))
    assert not np.array_equal(edited, common)
    far = np.ones(64, bool)
    far[max(columns[0] - REACH, 0) : columns[-1] + REACH] = False
    assert far.any() and np.abs(edited - common)[:, far].max() <= 1
    assert np.abs(common - draw(instance_style={instance: 0})).max() <= 1


def test_wrong_styles_are_refused(draw):
    for style, message in [
        ({"bulding": 1}, "class 'bulding' has no styles. Did you mean 'building'.*sky \\(0\\)"),
        ({99: 1}, "class 99 has no styles"),
        ({"building": 3}, "style 3 of building: .* one of its 3 clusters, 0 to 2"),
        ({"building": "random"}, "style 'random' of building"),
        ({"all": 2}, "style is .*give 'sample', or clusters by class"),
        ({"building": True}, "style True of building"),
        ({1: 0, "building": 1}, "a class is given twice, by its name and its id"),
        ("best", "style is 'best'"),
    ]:
        with pytest.raises(DataError, match=message):
            draw(style=style)
    with pytest.raises(DataError, match="given label, instance, image"):
        draw(image=np.zeros((32, 64, 3), np.uint8))
    with pytest.raises(DataError, match="instance 5555 is not in this scene, which has 0, "):
        draw(instance_style={5555: 1})
    with pytest.raises(DataError, match="instance_style is 'sample': give clusters by instance id"):
        draw(instance_style="sample")
    for seed in (-1, 1.5, 2**64):
        with pytest.raises(DataError, match=f"seed is {seed}: a whole number from 0 to"):
            draw(style="sample", seed=seed)


def test_numbers_of_numpy_are_numbers(draw):
    assert np.array_equal(draw(style={np.int64(1): np.uint8(2)}, seed=np.int64(0)), draw(style={1: 2}))


class WholeImage(torch.nn.Module):
    """An encoder that gives an image one code, its mean colour."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.out_channels = in_channels
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, image, instance):
        return self.scale * image.mean((2, 3)), {}


class Plain(torch.nn.Module):
    """A generator of images that are all of one colour, the style."""

    def forward(self, condition, style):
        return style[..., None, None].expand(-1, -1, *condition.shape[2:])


def test_one_style_for_an_image_is_not_one_of_instances(run, scene):
    model = synthkit.load(run)
    model.translator.networks["encoder"] = WholeImage(3)
    model.translator.networks["generator"] = Plain()
    photo = np.full_like(scene.image, (10, 100, 200))
    image = model.translate(label=scene.label, instance=scene.instance, style_from=photo)
    assert np.array_equal(image, photo)
    batch = {"label": torch.tensor(scene.label)[None, None], "image": torch.zeros(1, 3, 32, 64)}
    with pytest.raises(ConfigError, match=r"one style, \(1, 3\): styles by class or instance need a map"):
        model.encode(batch, find_regions(batch))


def test_models_without_an_encoder_take_no_styles(tmp_path, scene):
    run = synthkit.train(tiny("train.steps=1", "train.batch_size=1"), tmp_path / "run")
    model, maps = synthkit.load(run), {"label": scene.label, "instance": scene.instance}
    for given in ({"style": "sample"}, {"instance_style": {1: 1}}, {"style_from": scene.image}):
        with pytest.raises(DataError, match="no encoder|was given label, instance, style_from"):
            model.translate(**maps, **given)
    with pytest.raises(CheckpointError, match="no encoder"):
        _ = model.styles
    with pytest.raises(ConfigError, match="no encoder"):
        call("styles", "fit", run)


def test_commands(run, scene, draw, tmp_path):
    for field, array in (("label", scene.label), ("instance", scene.instance.astype(np.uint16))):
        (tmp_path / field).mkdir()
        for name in "ab":
            Image.fromarray(array).save(tmp_path / field / f"{name}.png")
    (tmp_path / "photo").mkdir()
    for name in "ab":
        Image.fromarray(scene.image).save(tmp_path / "photo" / f"{name}.png")
    maps = ("--label", tmp_path / "label", "--instance", tmp_path / "instance")
    options = ("--style", "sample", "--style", "building=2", "--style-from", tmp_path / "photo", "--seed", 4)
    call("translate", run, tmp_path / "out", *maps, *options)
    for number, name in enumerate("ab"):
        picture = np.asarray(Image.open(tmp_path / "out" / f"{name}.png"))
        style = {"all": "sample", "building": 2}
        assert np.array_equal(picture, draw(style=style, style_from=scene.image, seed=4 + number))
    for option, picks, message in [
        ("--style", ["car"], "write CLASS=CLUSTER"),
        ("--style", ["building=1", "building=2"], "building has another one already"),
        ("--instance-style", ["sample"], "write ID=CLUSTER"),
    ]:
        options = [each for pick in picks for each in (option, pick)]
        with pytest.raises(DataError, match=message):
            call("translate", run, tmp_path / "out", *maps, *options)
