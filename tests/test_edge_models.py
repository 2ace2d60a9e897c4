"""Models of edges, from a folder of photos to the command line."""

import numpy as np
import pytest
from PIL import Image
from small_runs import tiny
from typer.testing import CliRunner

import synthkit
from synthkit.cli import app, data, translate  # noqa: F401  (importing registers the commands)
from synthkit.data.edges import drawing, read_edges
from synthkit.data.edges.canny import Canny
from synthkit.data.images import read_photo
from synthkit.data.streets import paint
from synthkit.errors import DataError, SynthkitError

SIZE = (48, 64)


def save_photos(folder, count=4):
    folder.mkdir()
    for number in range(count):
        Image.fromarray(paint(number, *SIZE).image).save(folder / f"{number}.png")
    return folder


def trained(photos, folder, *overrides):
    return synthkit.train(
        tiny(
            "model.inputs={_delete_: true, edge: {detector: {type: canny, sigma: 1}}}",
            f"data={{_delete_: true, type: folders, root: '{photos}', folders: {{image: .}}}}",
            "data.validation=0.3",
            "data.transform={resize: [32, 48], flip: true}",
            "train.steps=1",
            *overrides,
        ),
        folder,
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return save_photos(tmp_path_factory.mktemp("edges") / "photos")


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    return trained(photos, tmp_path_factory.mktemp("edges") / "run")


@pytest.fixture(scope="module")
def model(run):
    return synthkit.load(run)


def at_working_size(path):
    from synthkit.data.transforms import PairedTransform

    return PairedTransform(resize=(32, 48))({"image": read_photo(path)})["image"]


def test_a_photo_gives_what_its_edges_give(model, photos):
    """Its edges are those that training detected: at the size that is trained at, by the run's detector."""
    path = photos / "0.png"
    lines = Canny(sigma=1)(at_working_size(path))
    images = [
        model.translate(edge_from=path),
        model.translate(edge_from=Image.open(path)),
        model.translate(edge_from=read_photo(path)),
    ]
    assert images[0].size == SIZE[::-1]
    assert all(np.array_equal(image, images[0]) for image in images)
    drawn = model.translate(edge=lines)
    assert drawn.size == (48, 32)
    assert np.array_equal(drawn.resize(SIZE[::-1], Image.BICUBIC), images[0])


def test_a_drawing_is_a_path_an_image_or_an_array(model, photos, tmp_path):
    lines = Canny(sigma=1)(at_working_size(photos / "1.png"))
    picture = Image.fromarray(drawing(lines)[..., 0])
    picture.save(tmp_path / "a.png")
    given = [
        lines,
        lines.astype(int),
        picture,
        Image.fromarray(lines),
        tmp_path / "a.png",
        picture.convert("RGBA"),
    ]
    images = [np.asarray(model.translate(edge=each)) for each in given]
    assert all(np.array_equal(image, images[0]) for image in images)
    assert not np.array_equal(images[0], model.translate(edge=~lines * False))


def test_the_sample_in_training_is_the_same(run, model, photos):
    (path,) = sorted((run / "samples" / "00000001").glob("*.fake.png"))
    name = path.name.partition(".")[0]
    drawn = read_edges(path.with_name(f"{name}.edge.png"))
    assert np.array_equal(drawn, Canny(sigma=1)(at_working_size(photos / f"{name}.png")))
    assert np.array_equal(Image.open(path), model.translate(edge=drawn))


def test_wrong_inputs(model, photos):
    lines = np.zeros(SIZE, bool)
    for given in ({}, {"label": lines.astype(int)}, {"edge": lines, "edge_from": photos / "0.png"}):
        with pytest.raises(DataError, match=r"translates edge; it was given"):
            model.translate(**given)
    with pytest.raises(DataError, match="edge_from must be"):
        model.translate(edge_from=lines)
    with pytest.raises(DataError, match="no such file"):
        model.translate(edge=photos / "9.png")


def test_the_command_line(run, photos, tmp_path):
    outs = [tmp_path / name for name in ("a.png", "b", "c")]
    for arguments in (
        [outs[0], "--edge-from", photos / "2.png"],
        [outs[1], "--edge-from", photos],
        [outs[2], "--edge", photos / "2.png"],
    ):
        result = CliRunner().invoke(app, ["translate", str(run), *map(str, arguments)])
        assert result.exit_code == 0, result.output
    assert len(list(outs[1].iterdir())) == 4
    assert np.array_equal(Image.open(outs[0]), Image.open(outs[1] / "2.png"))
    assert Image.open(outs[2] / "2.png").size == SIZE[::-1]


def test_drawings_by_command_train_a_model(photos, tmp_path):
    """They are of the photos' own size; the run's detector is asked for photos alone."""
    out = tmp_path / "drawings"
    arguments = ["data", "edges", str(photos), str(out), "--detector", "{type: canny, sigma: 1.5}"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0 and "4 drawings" in result.output
    for path in photos.iterdir():
        assert np.array_equal(read_edges(out / path.name), Canny(sigma=1.5)(read_photo(path)))
    folders = f"data.folders={{image: '{photos}', edge: '{out}'}}"
    run = trained(tmp_path, tmp_path / "run", folders, "model.inputs.edge.detector=dexined")
    assert synthkit.load(run).translate(edge=out / "0.png").size == SIZE[::-1]
    arguments[-1] = "dexined"  # whose weights are not asked for before the folders are in order
    for wrong, message in ([photos, out], "not an empty folder"), ([out / "no", out], "there is no folder"):
        result = CliRunner().invoke(app, ["data", "edges", *map(str, wrong), *arguments[4:]])
        assert isinstance(result.exception, DataError) and message in str(result.exception)


def test_what_a_detector_lacks_is_said_before_training(photos, tmp_path, monkeypatch):
    pytest.importorskip("kornia")
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setattr("synthkit.data.edges.dexined.URL", "http://127.0.0.1:9/dexined")
    with pytest.raises(SynthkitError, match="DexiNed_BIPED_10.pth is needed"):
        trained(photos, tmp_path / "run", "model.inputs.edge.detector=dexined")
    assert not (tmp_path / "run").exists()
