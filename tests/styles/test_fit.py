"""Styles that a fit finds in a trained model: regions, codes and clusters, what is stored and measured."""

import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from small_runs import tiny
from small_styles import ENCODER, batch_of, call

import synthkit
from synthkit.errors import CheckpointError, DataError
from synthkit.inference import needed_options
from synthkit.styles import Styles
from synthkit.styles.fit import Clustering, Encoded, encode
from synthkit.styles.locality import edits
from synthkit.styles.regions import find_regions
from synthkit.styles.scenes import first_scenes, open_samples


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
