import json

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from synthkit.data.images import read_ids
from synthkit.data.instances import Shape, components, instance_map, paint
from synthkit.data.instances.annotations import Coco, decode_runs
from synthkit.data.instances.folder import Maker, polygon_files
from synthkit.errors import DataError

LABEL = np.array(
    [
        [0, 0, 8, 8, 0, 9],
        [8, 0, 0, 8, 0, 9],
        [0, 8, 0, 0, 9, 0],
        [0, 0, 0, 0, 0, 8],
    ],
    np.uint8,
)


def save(array, path):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def graph_components(mask):
    """The number of 8-connected parts, by a graph whose edges join touching pixels."""
    index = {tuple(at): number for number, at in enumerate(np.argwhere(mask).tolist())}
    steps = [(0, 1), (1, 0), (1, 1), (1, -1)]
    edges = [
        (a, index[y + dy, x + dx])
        for (y, x), a in index.items()
        for dy, dx in steps
        if (y + dy, x + dx) in index
    ]
    rows, columns = zip(*edges, strict=True)
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(index), len(index)))
    return connected_components(graph, directed=False)


def test_components_by_hand():
    expected = [
        [0, 0, 8000, 8000, 0, 9000],
        [8001, 0, 0, 8000, 0, 9000],
        [0, 8001, 0, 0, 9000, 0],
        [0, 0, 0, 0, 0, 8002],
    ]
    made = instance_map(LABEL, components(LABEL, [9, 8]))
    assert made.dtype == np.uint16
    assert made.tolist() == expected
    only_nine = instance_map(LABEL, components(LABEL, [9]))
    assert np.array_equal(only_nine, np.where(LABEL == 9, 9000, LABEL.astype(int)))


def test_components_agree_with_a_graph():
    label = np.random.default_rng(3).integers(0, 4, (40, 50)).astype(np.uint8)
    made = instance_map(label, components(label, [1, 2]))
    for thing in (1, 2):
        count, parts = graph_components(label == thing)
        pairs = set(zip(parts.tolist(), made[label == thing].tolist(), strict=True))
        assert len(pairs) == count == len({number for _, number in pairs})
    assert np.array_equal(np.where(made >= 1000, made // 1000, made), label)


def test_later_shapes_lie_on_top_and_a_crowd_hides_what_is_below():
    row = np.arange(6)[None]
    shapes = [Shape(row < 4), Shape((row > 1) & (row < 5)), Shape(row == 0, counted=False)]
    objects = paint((1, 6), shapes)
    assert objects.tolist() == [[0, 1, 2, 2, 2, 0]]


def test_an_object_has_its_most_common_class_and_only_pixels_of_it():
    label = np.array([[5, 5, 5, 2, 2, 5]], np.uint8)
    objects = np.array([[1, 1, 1, 1, 2, 3]])
    assert instance_map(label, objects).tolist() == [[5000, 5000, 5000, 2, 2000, 5001]]
    assert instance_map(label, objects, things=[2]).tolist() == [[5, 5, 5, 2, 2000, 5]]
    running = instance_map(label, objects, numbering="running")
    assert running.tolist() == [[1000, 1000, 1000, 2, 1001, 1002]]


@pytest.mark.parametrize(
    ("thing", "count", "message"),
    [
        (7, 1000, "class 7: 1000 objects in one picture, at most 999"),
        (66, 2, "class 66: id 66000 and more do not fit into 16 bits; numbering: running"),
        (65, 600, "class 65: id 65000 and more"),
        (0, 2, "class 0: its objects would have the ids of classes without objects"),
    ],
)
def test_ids_that_there_are_not(thing, count, message):
    label, objects = np.full((1, count), thing), np.arange(1, count + 1)[None]
    with pytest.raises(DataError, match=message):
        instance_map(label, objects)
    assert len(np.unique(instance_map(label, objects, numbering="running"))) == count


def test_the_most_objects_have_ids():
    label, objects = np.full((1, 999), 64), np.arange(1, 1000)[None]
    assert instance_map(label, objects).max() == 64998


def test_run_lengths_of_the_reference_implementation():
    mask = np.zeros((7, 9), bool)
    mask[1:5, 2:8], mask[2, 3], mask[6, 8] = True, False, True
    assert np.array_equal(decode_runs("?43MN1220000005M", (7, 9)), mask)  # written by pycocotools 2.0
    flat = mask.T.ravel()
    runs = np.diff([0, *np.flatnonzero(np.diff(flat)) + 1, flat.size])
    assert np.array_equal(decode_runs(runs.tolist(), (7, 9)), mask)
    block = np.zeros((64, 200), bool)
    block[10:50, 20:150] = True
    step = "h000000000000000000000000000000"
    counts = [20 * 64 + 10, *([40, 24] * 129), 40, 14 + 50 * 64]
    assert np.array_equal(decode_runs(counts, (64, 200)), block)
    with pytest.raises(ValueError, match="pixels for 200x64"):
        decode_runs(f"ZX1X1{step}", (64, 200))


@pytest.fixture
def labels(tmp_path):
    label = np.zeros((8, 10), np.uint8)
    label[1:5, 1:9] = 3
    save(label, tmp_path / "train_label" / "a.png")
    return tmp_path / "train_label"


def coco(path, *annotations, name="a.jpg"):
    found = [{"image_id": 7, "id": n, **note} for n, note in enumerate(annotations)]
    path.write_text(json.dumps({"images": [{"id": 7, "file_name": name}], "annotations": found}))
    return path


def box(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


def test_coco_draws_small_objects_over_large_ones(labels, tmp_path):
    small = {"segmentation": [box(2, 2, 3, 3)], "area": 4}
    large = {"segmentation": [box(1, 1, 5, 4)], "area": 20}
    crowd = {"segmentation": {"size": [8, 10], "counts": [64, 4, 12]}, "area": 3, "iscrowd": 1}
    notes = Coco(coco(tmp_path / "notes.json", small, large, crowd))
    (counts,) = Maker(labels, tmp_path / "inst", annotations=notes).run(workers=0)
    expected = read_ids(labels / "a.png").astype(int)
    expected[1:5, 1:6] = 3000
    expected[2:4, 2:4] = 3001
    expected[0:4, 8] = np.where(expected[0:4, 8] == 3, 3, 0)
    assert np.array_equal(read_ids(tmp_path / "inst" / "a.png"), expected)
    assert counts == {3: 2}


def test_cityscapes_polygons_in_their_order(tmp_path):
    label = np.full((6, 12), 26, np.uint8)
    save(label, tmp_path / "label" / "x_1_gtFine_labelIds.png")
    save(label, tmp_path / "label" / "x_2_gtFine_labelIds.png")
    square = [[0, 0], [3, 0], [3, 5], [0, 5]]
    shifted = [[x + 2, y] for x, y in square]
    gone = [[0, 0], [11, 0], [11, 5]]
    objects = [
        {"label": "car", "polygon": square},
        {"label": "car", "polygon": shifted},
        {"label": "car", "polygon": gone, "deleted": 1},
        {"label": "cargroup", "polygon": [[x + 5, y] for x, y in square]},
    ]
    (tmp_path / "json").mkdir()
    for stem in ("x_1", "x_2"):
        text = json.dumps({"imgHeight": 6, "imgWidth": 12, "objects": objects})
        (tmp_path / "json" / f"{stem}_gtFine_polygons.json").write_text(text)
    maker = Maker(tmp_path / "label", tmp_path / "inst", annotations=polygon_files(tmp_path / "json"))
    assert list(maker.run(workers=2)) == [{26: 2}, {26: 2}]
    row = [26000, 26000, 26001, 26001, 26001, *[26] * 7]
    assert read_ids(tmp_path / "inst" / "x_2_gtFine_labelIds.png").tolist() == [row] * 6


def test_labelme_shapes(labels, tmp_path):
    shapes = [
        {"label": "cat", "points": [[1, 1], [2, 4]], "shape_type": "rectangle", "group_id": 1},
        {"label": "cat", "points": [[7, 1], [8, 1], [8, 4], [7, 4]], "group_id": 1},
        {"label": "cat", "points": [[5, 3], [5, 4]], "shape_type": "circle"},
    ]
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "a.json").write_text(
        json.dumps({"shapes": shapes, "imageHeight": 8, "imageWidth": 10})
    )
    list(Maker(labels, tmp_path / "inst", annotations=polygon_files(tmp_path / "json")).run(workers=0))
    made = read_ids(tmp_path / "inst" / "a.png")
    assert (made[1:5, [1, 2, 7, 8]] == 3000).all()
    assert (made[[2, 3, 4, 3, 3], [5, 5, 5, 4, 6]] == 3001).all()
    assert (made == 3001).sum() <= 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "not an object|holds list"),
        ("{", "a.json: not as expected"),
        ('{"objects": [{"label": "car"}]}', "'polygon' is missing"),
        ('{"objects": [{"label": "car", "polygon": [[1, 2]]}]}', "at least three points"),
        ('{"objects": [{"label": "car", "polygon": [[1, 2], [3, NaN], [4, 4]]}]}', "three points"),
        (
            '{"shapes": [{"label": "c", "points": [], "shape_type": "line"}]}',
            "shape_type 'line': must be",
        ),
        ('{"objects": [], "imgHeight": 9, "imgWidth": 10}', "drawn on 10x9 pixels, the map has 10x8"),
    ],
)
def test_malformed_polygons_name_the_file(labels, tmp_path, text, message):
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "a.json").write_text(text)
    maker = Maker(labels, tmp_path / "inst", annotations=polygon_files(tmp_path / "json"))
    with pytest.raises(DataError, match=message) as caught:
        list(maker.run(workers=0))
    assert "a.json" in str(caught.value)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"segmentation": {"size": [8, 10], "counts": "zzz"}}, "annotation 0 of a: .*pixels for 10x8"),
        ({"segmentation": {"size": [9, 9], "counts": "1"}}, r"a mask of \[9, 9\] for \[8, 10\]"),
        ({"segmentation": [[1, 2, 3]]}, "annotation 0 of a"),
        ({}, "'segmentation' is missing"),
        ({"area": "large"}, "area of an annotation of a: not as expected"),
    ],
)
def test_malformed_coco_names_the_annotation(labels, tmp_path, note, message):
    notes = Coco(coco(tmp_path / "notes.json", note))
    with pytest.raises(DataError, match=message):
        list(Maker(labels, tmp_path / "inst", annotations=notes).run(workers=0))


def test_an_annotation_of_no_image_is_named(tmp_path):
    with pytest.raises(DataError, match="no image has the image_id 9 of annotation 0"):
        Coco(coco(tmp_path / "notes.json", {"image_id": 9}))


def test_images_of_one_name_in_two_folders_are_refused(tmp_path):
    images = [{"id": number, "file_name": f"{number}/a.jpg"} for number in range(2)]
    (tmp_path / "notes.json").write_text(json.dumps({"images": images, "annotations": []}))
    with pytest.raises(DataError, match="several images have the name a"):
        Coco(tmp_path / "notes.json")


def test_folders_that_do_not_fit(labels, tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        Maker(tmp_path / "nowhere", tmp_path / "inst", things=[3])
    with pytest.raises(DataError, match="things: say which"):
        Maker(labels, tmp_path / "inst")
    with pytest.raises(DataError, match="not an empty folder"):
        Maker(labels, labels, things=[3])
    other = Coco(coco(tmp_path / "notes.json", name="b.jpg"))
    with pytest.raises(DataError, match=r"no annotations: .*train_label/a"):
        Maker(labels, tmp_path / "inst", annotations=other)


def test_real_camvid(shared_data, tmp_path):
    maker = Maker(shared_data / "camvid-256" / "val_label", tmp_path / "inst", things=[8, 9, 10])
    total = sum(sum(objects.values()) for objects in maker.run())
    assert total > len(maker) == len(list((tmp_path / "inst").iterdir())) == 101
