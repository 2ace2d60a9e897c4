"""Where the first scene comes from: the run's data, a saved scene, or nothing at all."""

import numpy as np
import pytest
from editor_server import small_scene
from made_models import untrained

from synthkit.editor.workspace import Workspace, open_workspace
from synthkit.errors import SynthkitWarning
from synthkit.inference import load


def test_the_first_scene_is_the_first_of_the_validation_split_in_the_styles_of_its_photo(workspace):
    scene = workspace.open(0)
    sample = workspace.samples[0]
    assert workspace.names[0] == "streets_val_00000" and len(workspace.names) == 8
    assert np.array_equal(scene.opening.label, sample["label"][0])
    assert all(look.code for look in scene.opening.looks.values()) and len(scene.objects) > 5


def test_a_saved_scene_is_opened_with_its_edits_by_its_own_model(workspace, tmp_path):
    scene = small_scene(workspace)
    scene.fill([3, 3], label="tree")
    found, again = open_workspace(None, scene.save(tmp_path / "scene"))
    assert found.name == "streets" and again.position == 1 and again.objects
    assert np.array_equal(again.state.label, scene.state.label)


def test_without_its_data_a_run_has_a_blank_scene(tmp_path):
    data = "data={_delete_: true, type: folders, root: /no/such/folder}"
    with pytest.warns(SynthkitWarning, match="only a blank scene is offered: .*/no/such/folder"):
        found, scene = open_workspace(untrained(tmp_path / "run", data), None)
    assert found.names == [] and (scene.state.height, scene.state.width) == (256, 512)
    assert not scene.state.label.any() and scene.objects == {}
    assert scene.render().size == (512, 256)


def test_a_model_without_styles_opens_its_scenes_without_photos(tmp_path):
    workspace = Workspace(load(untrained(tmp_path / "run")))
    assert len(workspace.names) == 5 and workspace.open(1).opening.looks == {}
