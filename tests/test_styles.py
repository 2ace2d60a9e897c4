"""Styles of a trained model: found, picked by class, instance or photo, and drawn."""

import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from small_runs import tiny
from typer.testing import CliRunner

import synthkit
from synthkit.cli import app, styles, translate  # noqa: F401  (importing registers the commands)
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError, ConfigError, DataError
from synthkit.inference import needed_options
from synthkit.styles import Styles
from synthkit.styles.choice import Chooser
from synthkit.styles.fit import Clustering, Encoded, encode
from synthkit.styles.locality import edits
from synthkit.styles.regions import find_regions
from synthkit.styles.scenes import first_scenes, open_samples

REACH = 20  # pixels from which the tiny generator's pixels are made
ENCODER = "model.encoder={type: pix2pixhd/instance_encoder, channels: 4, downsamples: 1}"


def call(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def unfitted(tmp_path_factory):
    """A model with an encoder of streets, trained for two steps."""
    cfg = tiny(ENCODER, "data.size=[32, 64]", "train.steps=2", "train.precision=fp32")
    return synthkit.train(cfg, tmp_path_factory.mktemp("styles") / "run")


@pytest.fixture(scope="module")
def run(unfitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted") / "run"
    shutil.copytree(unfitted, folder)
    call("styles", "fit", folder, "--clusters", 3)
    return folder


@pytest.fixture(scope="module")
def model(run):
    return synthkit.load(run)


@pytest.fixture(scope="module")
def scene():
    return paint(7, 32, 64)


@pytest.fixture(scope="module")
def draw(model, scene):
    """The picture of the scene, as numbers, with the given styles."""

    def translated(**given):
        return np.asarray(model.translate(label=scene.label, instance=scene.instance, **given)).astype(int)

    return translated


def batch_of(label, instance=None):
    fields = {"label": label, "instance": instance}
    return {key: torch.tensor(each)[None, None] for key, each in fields.items() if each is not None}


def test_regions_have_the_label_of_most_of_their_pixels():
    regions = find_regions(batch_of([[1, 1, 2], [1, 255, 2]], [[7, 7, 7], [9, 9, 9]]))
    assert regions.ids.tolist() == [7, 9] and regions.labels.tolist() == [1, 1]
    assert regions.shares.tolist() == [0.5, 0.5]
    assert find_regions(batch_of([[1, 1], [4, 1]])).ids.tolist() == [1, 4]
    codes = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    painted = regions.scatter(codes)
    assert painted.shape == (1, 2, 2, 3) and painted[0, :, 1, 0].tolist() == [2, 3]
    assert torch.equal(regions.gather(painted[0]), codes)


def test_codes_are_the_encoders_means_of_the_instances(model):
    """The pooled code of each instance, against a loop over the features before pooling."""
    batch = next(first_scenes(open_samples(model, "train"), 1)[0])
    regions = find_regions(batch)
    with torch.inference_mode():
        features = model.translator.networks["encoder"].network(batch["image"])[0]
    expected = [features[:, batch["instance"][0, 0] == instance].mean(1) for instance in regions.ids.tolist()]
    torch.testing.assert_close(model.encode(batch, regions), torch.stack(expected))
    found = encode(model, [batch])
    assert sum(len(each.codes) for each in found.values()) == len(regions.ids)


def test_clusters_are_the_groups_there_are_the_most_common_first():
    draw = np.random.default_rng(0)
    centres = np.array([[0, 0], [5, 5], [-5, 5]], np.float32)
    members = np.repeat([0, 1, 2], [4, 9, 6])
    codes = centres[members] + draw.normal(0, 0.1, (19, 2)).astype(np.float32)
    found, counts = Clustering(3).find(codes)
    assert counts.tolist() == [9, 6, 4]
    for place, group in enumerate((1, 2, 0)):
        np.testing.assert_allclose(found[place], codes[members == group].mean(0), atol=1e-6)
    again, _ = Clustering(3).find(codes)
    assert torch.equal(found, again)
    assert Clustering(10).find(np.repeat(centres, 5, 0))[0].shape == (3, 2)  # as many as there are


def test_small_instances_count_where_a_class_has_no_others():
    codes, shares = np.arange(3, dtype=np.float32)[:, None], np.array([0.5, 0.01, 0.02])
    assert Clustering(smallest=1 / 64).chosen(Encoded(codes, shares))[:, 0].tolist() == [0, 2]
    assert len(Clustering(smallest=0.6).chosen(Encoded(codes, shares))) == 3


def test_fit_stores_what_it_prints_and_is_repeatable(run, model):
    first = Styles.load(run)
    output = call("styles", "fit", run, "--clusters", 3)
    again = Styles.load(run)
    assert first.origin == again.origin and first.origin["step"] == "2"
    assert first.names == ("sky", "building", *first.names[2:]) and first.width == 3
    for label in first.centres:
        assert torch.equal(first.centres[label], again.centres[label])
        assert len(first.counts[label]) <= 3 and first.counts[label].diff().le(0).all()
    assert "so all of them were clustered" in output and "building" in output


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


def test_styles_of_another_width_or_step(run, model, tmp_path, scene):
    shutil.copytree(run, tmp_path / "run")
    Styles({1: torch.zeros(1, 5)}, {1: torch.ones(1).long()}).save(tmp_path / "run")
    with pytest.raises(CheckpointError, match="codes of 5 numbers, and the encoder makes 3"):
        _ = synthkit.load(tmp_path / "run").styles
    Styles(model.styles.centres, model.styles.counts, origin={"step": "1"}).save(tmp_path / "run")
    with pytest.warns(UserWarning, match="found at step 1, and these are the weights of step 2"):
        _ = synthkit.load(tmp_path / "run" / "checkpoints" / "00000002").styles
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _ = synthkit.load(run).styles


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


@pytest.fixture
def without_instances(tmp_path, scene):
    """Overrides that train on the scene's label map and photo alone."""
    for split in ("train", "val"):
        for field, array in (("label", scene.label), ("img", scene.image)):
            (tmp_path / f"{split}_{field}").mkdir()
            Image.fromarray(array).save(tmp_path / f"{split}_{field}" / "a.png")
    data = f"data={{_delete_: true, type: folders, root: {tmp_path}}}"
    return ENCODER, data, "model.inputs.boundary=null", "train.steps=1", "train.batch_size=1"


def test_labels_serve_where_there_are_no_instance_maps(without_instances, tmp_path, scene):
    run = synthkit.train(tiny(*without_instances), tmp_path / "run")
    call("styles", "fit", run)
    assert {label: counts.tolist() for label, counts in Styles.load(run).counts.items()} == {
        label: [1] for label in np.unique(scene.label).tolist()
    }
    assert synthkit.load(run).translate(label=scene.label, style="sample").size == (64, 32)


def test_computed_instances_have_styles_of_their_own(without_instances, tmp_path, scene):
    run = synthkit.train(tiny(*without_instances, "data.instances={classes: [1]}"), tmp_path / "run")
    call("styles", "fit", run, "--smallest", 0)
    areas = ndimage.label(scene.label == 1, np.ones((3, 3)))[1]
    assert Styles.load(run).counts[1].sum() == areas > 1
    model = synthkit.load(run)
    with pytest.raises(DataError, match="instance 5555 is not in this scene, which has 0, "):
        model.translate(label=scene.label, instance_style={5555: 0})
    assert model.translate(label=scene.label, style="sample").size == (64, 32)


def test_after_training_no_map_is_asked_for_that_is_computed():
    data = "data={_delete_: true, type: folders, root: photos}"
    assert needed_options(tiny(data)) == "--label LABEL --instance INSTANCE"
    assert needed_options(tiny(data, "data.instances={}")) == "--label LABEL"


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


def test_there_is_nothing_to_measure_in_one_style(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    call("styles", "fit", tmp_path / "run", "--clusters", 1)
    with pytest.raises(DataError, match="no class has photos in two of its styles"):
        call("styles", "measure", tmp_path / "run", "--count", 1, "--coloured", 1)


def test_an_instance_that_is_the_whole_scene_has_no_outside(model):
    label, image = torch.ones(1, 1, 32, 64).int(), torch.zeros(1, 3, 32, 64)
    batch = {"label": label, "instance": label, "image": image}
    colours = {1: {cluster: torch.zeros(3) for cluster in range(3)}}
    assert list(edits(model, [batch], colours)) == []
    label[..., 32:] = 0
    assert [each.label for each in edits(model, [batch], colours)] == [1]


def test_the_gallery_and_the_measure(run, tmp_path):
    call("styles", "show", run, "--out", tmp_path / "gallery.html")
    page = (tmp_path / "gallery.html").read_text()
    shown = sum(len(counts) for label, counts in Styles.load(run).counts.items() if f"class {label}," in page)
    assert page.count("<figure>") == shown > 20 and 'src="http' not in page
    output = call("styles", "measure", run, "--count", 3, "--coloured", 3)
    rows = [line.split()[-9:] for line in output.splitlines()]  # names may have spaces
    rows = [row for row in rows if len(row) == 9 and row[0].isdecimal()]
    assert sum(int(row[0]) for row in rows) == 2 * int(rows[-1][0]) > 6
    assert float(rows[-1][7]) > float(rows[-1][3]) > 0  # the ratio with statistics held, and without
