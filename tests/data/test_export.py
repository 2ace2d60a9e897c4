import numpy as np
import pytest

from synthkit.config import from_dict
from synthkit.data.export import Export
from synthkit.data.images import read_ids
from synthkit.data.paired import Folders
from synthkit.data.streets import Streets
from synthkit.data.writing import new_folder, write_ids, write_image
from synthkit.errors import DataError


@pytest.mark.parametrize("workers", [0, 2])
def test_streets_come_back_as_they_are(tmp_path, workers):
    section = from_dict({"data": {"type": "streets", "size": [32, 64], "validation": "test"}})["data"]
    names = list(Export(section, "test", tmp_path, count=3).run(workers))
    assert names == ["streets_test_00000", "streets_test_00001", "streets_test_00002"]
    streets, written = Streets("test", size=(32, 64)), Folders("test", root=str(tmp_path))
    assert written.problems == []
    assert written.stems == tuple(names)
    for index in range(3):
        for field in ("label", "instance", "image"):
            assert np.array_equal(written[index][field], streets[index][field])


def test_ids_at_the_limits(tmp_path):
    path = tmp_path / "ids.png"
    for ids, deep in (([[0, 255]], False), ([[0, 256]], False), ([[0, 65535]], True)):
        write_ids(np.array(ids), path, deep=deep)
        assert read_ids(path).tolist() == ids
    for ids in ([[0, 65536]], [[-1, 0]]):
        with pytest.raises(DataError, match=r"ids.png: ids .* do not fit"):
            write_ids(np.array(ids), path, deep=True)


@pytest.mark.parametrize(("channels", "kind"), [(1, "uint8"), (4, "uint8"), (2, "uint8"), (3, "float32")])
def test_sources_come_back_as_they_are(tmp_path, channels, kind):
    array = np.random.default_rng(0).integers(0, 200, (5, 7, channels)).astype(kind)
    (tmp_path / "train_source").mkdir()
    write_image(array, tmp_path / "train_source" / "a.png")
    data = Folders("train", root=str(tmp_path), folders={"source": "{split}_source"})
    assert np.array_equal(data.read("source", "a"), array)
    assert data.read("source", "a").dtype == array.dtype


def test_nothing_is_overwritten(tmp_path):
    assert new_folder(tmp_path / "new" / "er").is_dir()
    (tmp_path / "file").touch()
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(DataError, match="is there already"):
            new_folder(taken)
