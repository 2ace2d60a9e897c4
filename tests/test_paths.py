"""Where the shipped files lie, and how paths are shown."""

from synthkit import paths


def test_shipped_folders_of_a_wheel_and_of_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "synthkit")
    monkeypatch.setattr(paths, "_CHECKOUT", tmp_path)
    (tmp_path / "plugins").mkdir()  # somebody else's
    assert paths.shipped("plugins") == tmp_path / "synthkit" / "plugins"
    (tmp_path / "plugins" / ".synthkit-checkout").touch()
    assert paths.shipped("plugins") == tmp_path / "plugins"
    assert paths.configs_dir() == tmp_path / "configs"


def test_paths_are_shown_from_the_nearest_place(tmp_path, monkeypatch):
    shipped = tmp_path / "install" / "configs"
    monkeypatch.setattr(paths, "configs_dir", lambda: shipped)
    (tmp_path / "install").mkdir()
    monkeypatch.chdir(tmp_path / "install")
    assert paths.display(shipped / "toy" / "streets_64.yaml") == "configs/toy/streets_64.yaml"
    assert paths.display(tmp_path / "install" / "mine.yaml") == "mine.yaml"
    assert paths.display(tmp_path / "mine.yaml") == str(tmp_path / "mine.yaml")
