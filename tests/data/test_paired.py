import numpy as np
import pytest
from PIL import Image

from synthkit.data.paired import Folders
from synthkit.errors import ConfigError, DataError
from synthkit.registry import DATASETS

CITYSCAPES = {"label": "_gtFine_labelIds", "instance": "_gtFine_instanceIds", "image": "_leftImg8bit"}


def write(root, folder, *names, size=(4, 3), dtype=np.uint8):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        shape = (*size[::-1], 3) if "img" in folder or folder[-1] in "AB" else size[::-1]
        Image.fromarray(np.full(shape, number, dtype)).save(root / folder / name)


def test_layout_of_pix2pixhd_is_the_default(tmp_path):
    for folder in ("train_label", "train_inst", "train_img"):
        write(tmp_path, folder, "b.png", "a.PNG", "c.png")
    (tmp_path / "train_img" / ".hidden.png").touch()
    (tmp_path / "train_img" / "notes.txt").touch()
    data = Folders("train", root=str(tmp_path), names=["road", "sky"], palette=[[1, 2, 3], [4, 5, 255]])
    assert data.fields == ("label", "instance", "image")
    assert data.names == ("road", "sky")
    assert data.palette.tolist() == [[1, 2, 3], [4, 5, 255]]
    assert data.palette.dtype == np.uint8
    assert [data[index]["name"] for index in range(len(data))] == ["a", "b", "c"]
    sample = data[0]
    assert (sample["label"] == 1).all()
    assert sample["label"].shape == (3, 4)
    assert sample["instance"].dtype == np.int32
    assert sample["image"].shape == (3, 4, 3)
    assert sample["files"]["image"] == str(tmp_path / "train_img" / "a.PNG")
    assert "source" not in sample


def test_given_folders_replace_the_default_ones(tmp_path):
    write(tmp_path, "test_A", "x.jpg")
    write(tmp_path, "test_B", "x.png")
    data = Folders("test", root=str(tmp_path), folders={"image": "{split}_B", "source": "{split}_A"})
    assert data.fields == ("image", "source")
    assert data[0]["source"].shape == data[0]["image"].shape == (3, 4, 3)


def test_suffixes_are_removed(tmp_path):
    write(tmp_path, "val_label", "a_1_gtFine_labelIds.png", "a_2_gtFine_labelIds.png")
    write(tmp_path, "val_img", "a_1.png", "a_2.png")
    data = Folders("val", root=str(tmp_path), suffixes={"label": "_gtFine_labelIds"})
    assert data.stems == ("a_1", "a_2")


def test_names_in_two_spellings_of_unicode_pair(tmp_path):
    write(tmp_path, "train_label", "caf\u00e9 1.png")
    write(tmp_path, "train_img", "cafe\u0301 1.png")
    assert Folders("train", root=str(tmp_path)).stems == ("caf\u00e9 1",)


def test_every_extension_in_any_case(tmp_path):
    names = ["a.png", "b.jpg", "c.JPEG", "d.webp", "e.bmp", "f.Tif", "g.tiff"]
    write(tmp_path, "train_img", *names)
    assert len(Folders("train", root=str(tmp_path))) == len(names)


def test_leftovers_are_listed_in_both_directions(tmp_path):
    write(tmp_path, "train_label", "both.png", *(f"{k:02}.png" for k in range(13)))
    write(tmp_path, "train_img", "both.png", "extra.png")
    with pytest.raises(DataError) as caught:
        Folders("train", root=str(tmp_path))
    message = str(caught.value)
    assert f"{tmp_path / 'train_label'}: 13 of 14: 00.png, 01.png" in message
    assert "09.png and 3 more" in message
    assert "10.png" not in message
    assert f"{tmp_path / 'train_img'}: 1 of 2: extra.png" in message


def test_leftovers_that_share_an_ending_suggest_a_suffix(tmp_path):
    write(tmp_path, "train_label", "a_1_labelIds.png", "a_2_labelIds.png")
    write(tmp_path, "train_img", "a_1.png", "a_2.png")
    with pytest.raises(DataError, match=r"suffixes: \{label: _labelIds\}"):
        Folders("train", root=str(tmp_path))


def test_wrong_suffix_names_a_file_and_the_ending_that_all_share(tmp_path):
    write(tmp_path, "train_label", "a_1_labelIds.png", "a_2_labelIds.png")
    with pytest.raises(
        DataError, match=r"a_1_labelIds.png lacks .*'_color': 2 of 2 .*all.* end in '_labelIds'"
    ):
        Folders("train", root=str(tmp_path), suffixes={"label": "_color"})


def test_two_files_of_one_stem(tmp_path):
    write(tmp_path, "train_img", "a.jpg", "a.png")
    with pytest.raises(DataError, match=r"'a'.*train_img/a.jpg and .*train_img/a.png"):
        Folders("train", root=str(tmp_path))


def test_empty_folder(tmp_path):
    write(tmp_path, "train_label", "a.png")
    (tmp_path / "train_img").mkdir()
    with pytest.raises(DataError, match=f"0 images in {tmp_path / 'train_img'}"):
        Folders("train", root=str(tmp_path))


def test_missing_root_is_shown_whole_with_what_it_should_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"{tmp_path}/nowhere: .*train_img, train_inst, train_label"):
        Folders("train", root="nowhere")


def test_missing_split_lists_the_splits_there_are(tmp_path):
    write(tmp_path, "train_label", "a.png")
    write(tmp_path, "val_img", "a.png")
    with pytest.raises(DataError, match=r"split 'test' .*splits there: train, val$"):
        Folders("test", root=str(tmp_path))
    with pytest.raises(DataError, match=r"\(test/A\); splits there: none"):
        Folders("test", root=str(tmp_path), folders={"image": "{split}/A"})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            {"folders": {"img": "{split}"}},
            "folders: unknown img; the fields are label, instance, image, source",
        ),
        ({"suffixes": {"labels": "_x"}}, "suffixes: unknown labels"),
        ({"palette": [[1, 2]]}, r"palette: .*\[red, green, blue\]"),
        ({"palette": [[1, 2, 256]]}, "palette: .*0 to 255"),
    ],
)
def test_nonsense_in_the_config(tmp_path, wrong, reason):
    write(tmp_path, "train_img", "a.png")
    with pytest.raises(ConfigError, match=reason):
        DATASETS.build({"type": "folders", "root": str(tmp_path), **wrong}, split="train")


def test_real_cityscapes(shared_data):
    data = Folders("train", root=str(shared_data / "cityscapes-sample"), suffixes=CITYSCAPES)
    assert len(data) == 8
    assert data.fields == ("label", "instance", "image")
    sample = data[0]
    assert sample["name"] == "aachen_000000_000019"
    assert sample["label"].shape == sample["instance"].shape == sample["image"].shape[:2] == (1024, 2048)
    things = sample["instance"] >= 1000
    assert sample["instance"].max() > 32767
    np.testing.assert_array_equal(sample["instance"][things] // 1000, sample["label"][things])


def test_real_cityscapes_test_split_has_no_photos(shared_data):
    data = Folders("test", root=str(shared_data / "cityscapes-sample"), suffixes=CITYSCAPES)
    assert data.fields == ("label", "instance")
    assert len(data) == 15


def test_real_camvid(shared_data):
    data = Folders("train", root=str(shared_data / "camvid-256"))
    assert data.fields == ("label", "image")
    assert len(data) == 367
    assert data[0]["label"].shape == (192, 256)
    assert data[0]["label"].max() == 11
