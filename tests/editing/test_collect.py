"""Objects that are gathered from a run's data, against the scenes that they come from."""

import numpy as np
import pytest
import torch
from html_page import HOSTILE, Page
from made_models import untrained
from small_styles import ENCODER, call

import synthkit
from synthkit.cli import objects as command  # noqa: F401  (importing registers the command)
from synthkit.data.streets import paint
from synthkit.editing import collect
from synthkit.editing.collect import is_whole
from synthkit.editing.gallery import write_gallery
from synthkit.editing.objects import Objects, SceneObject
from synthkit.errors import ConfigError, DataError

SIZE = (64, 128)
SCENES = 6
DATA = ("data.size=[64, 128]", f"data.count={SCENES}", "train.precision=fp32")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("objects") / "run", ENCODER, *DATA)


@pytest.fixture(scope="module")
def model(run):
    return synthkit.load(run, device="cpu")


@pytest.fixture(scope="module")
def gathered(model):
    return collect.collect(model, count=3)


def cut_out(instance: np.ndarray, each: int) -> tuple[np.ndarray, tuple]:
    rows, columns = np.nonzero(instance == each)
    box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    return instance[box] == each, box


def origin_of(found: SceneObject, model):
    """The scene, instance and box that an object was cut out of, by a look through all."""
    for index in range(SCENES):
        scene = paint(index, *SIZE)
        for each in np.unique(scene.instance[scene.label == found.label]).tolist():
            mask, box = cut_out(scene.instance, each)
            same = mask.shape == found.mask.shape and (mask == found.mask).all()
            if same and np.allclose(found.code, code_of(model, scene, each), atol=1e-5):
                return scene, each, box
    raise AssertionError(f"{found.name} is in no scene")


def code_of(model, scene, each: int) -> np.ndarray:
    """The mean of the encoder's features over an instance of a photo."""
    image = torch.from_numpy(scene.image).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        features = model.translator.networks["encoder"].network(image)[0].numpy()
    return features[:, scene.instance == each].mean(1)


def test_objects_are_whole_instances_with_class_code_and_picture(model, gathered):
    objects = gathered.objects
    assert len(objects) >= 8 and max(map(len, objects.by_class().values())) == 3
    for name, found in objects.items():
        scene, each, (rows, columns) = origin_of(found, model)
        assert name.rpartition("_")[0] == objects.classes[found.label] == gathered.names[found.label]
        assert found.height == SIZE[0]
        assert rows.start > 0 and rows.stop < SIZE[0] and columns.start > 0 and columns.stop < SIZE[1]
        assert 1 / 1000 <= np.mean(scene.instance == each) <= 1 / 8
        picture = np.asarray(found.thumbnail)
        windows = np.lib.stride_tricks.sliding_window_view(scene.image, picture.shape)[:, :, 0]
        assert (windows == picture).all((2, 3, 4)).any()  # a crop of the photo
        assert all(have >= need for have, need in zip(picture.shape, found.mask.shape, strict=False))


def test_the_same_data_give_the_same_objects_and_counts(model, gathered):
    again = collect.collect(model, count=3)
    assert [each.plain() for each in again.objects.values()] == [
        each.plain() for each in gathered.objects.values()
    ]
    scenes = [paint(index, *SIZE) for index in range(SCENES)]
    cars = sum(len(np.unique(scene.instance[scene.label == 7])) for scene in scenes)
    assert gathered.instances[7] == cars and 3 <= gathered.whole[7] <= cars


def test_classes_are_chosen_by_name_or_id(model):
    assert set(collect.collect(model, classes=["car", 6]).objects.classes.values()) == {"car", "tree"}
    with pytest.raises(DataError, match=r"class 'cart' is none. Did you mean 'car'\? There are: sky \(0\)"):
        collect.collect(model, classes=["cart"])
    with pytest.raises(DataError, match="no instance is whole in 6 scenes of train, of sky"):
        collect.collect(model, classes=["sky"])


def test_a_model_without_encoder_gives_objects_without_style(tmp_path):
    plain = synthkit.load(untrained(tmp_path / "plain", *DATA), device="cpu")
    objects = collect.collect(plain, scenes=2, count=2).objects
    assert objects and all(each.code is None for each in objects.values())
    assert objects.origin["scenes"] == "2"


def test_objects_need_labels(tmp_path):
    model = synthkit.load(
        untrained(tmp_path / "run", *DATA, "model.inputs={_delete_: true, boundary: {}}"), device="cpu"
    )
    with pytest.raises(ConfigError, match="reads no labels"):
        collect.collect(model)


WHOLE = {
    "a disc": (lambda y, x: (y - 8) ** 2 + (x - 8) ** 2 < 25, True),
    "at the border": (lambda y, x: (y - 8) ** 2 + (x - 4) ** 2 < 25, False),
    "at the bottom": (lambda y, x: (y > 10) & (abs(x - 8) < 3), False),
    "in two pieces": (lambda y, x: ((y - 8) ** 2 + (x - 8) ** 2 < 25) & (x != 9), False),
    "with a crumb": (lambda y, x: ((y - 8) ** 2 + (x - 8) ** 2 < 25) | ((y == 3) & (x == 3)), True),
    "corner to corner": (lambda y, x: (y == x) & (abs(y - 8) < 4), True),
    "a long diagonal": (lambda y, x: (y == x) & (abs(y - 8) < 7), False),  # a thirteenth of its box
}


@pytest.mark.parametrize("case", WHOLE)
def test_whole_is_what_nothing_cuts(case):
    shape, expected = WHOLE[case]
    mask = shape(*np.indices((17, 17)))
    rows, columns = np.nonzero(mask)
    box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    assert is_whole(mask, box) == expected


def test_the_command_collects_into_the_run_and_shows(run):
    printed = call("objects", "collect", run, "--scenes", 3, "--count", 2, "--classes", "car,6,person")
    objects = Objects.load(run)
    assert set(objects.classes.values()) <= {"car", "tree", "person"} and "sky" not in printed
    assert f"{len(objects)} objects of 3 scenes: {run / 'objects'}" in printed
    assert call("objects", "show", run).strip() == str(run / "objects.html")
    page = Page(run / "objects.html")
    assert all(name in page.text for name in objects)
    pictures = [attributes.get("src") or "" for tag, attributes in page.elements if tag == "img"]
    assert sum(each.startswith("data:image/") for each in pictures) == 2 * len(objects)


def test_names_are_text_on_the_page(gathered, tmp_path):
    objects = Objects(gathered.objects.objects, dict.fromkeys(gathered.objects.classes, HOSTILE))
    page = Page(write_gallery(objects, HOSTILE, tmp_path / "page.html"))
    assert HOSTILE in page.text and [tag for tag, _ in page.elements].count("script") == 1
