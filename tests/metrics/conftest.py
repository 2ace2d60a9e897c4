"""Weights files with seeded values in place of the published ones."""

import pytest
import torch

from synthkit.metrics import features, lpips


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    """An empty folder of weights, which takes a file for whatever its name says; nothing is downloaded."""
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("synthkit.weights.TIMEOUT", 0.1)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr("synthkit.weights.digest", lambda path: path.stem.rpartition("-")[2])
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """Let the networks that were loaded go."""
    for each in (features.INCEPTION, features.INCEPTION_CLEAN):
        each.__dict__.pop("network", None)
    features._inception.cache_clear()
    lpips.network.cache_clear()


@pytest.fixture(scope="session")
def inception_state():
    """Seeded weights of FID's Inception, under which its features have a spread."""
    torch.manual_seed(0)
    network = features.fid_network()
    for weight in network.parameters():
        if weight.ndim == 4:
            torch.nn.init.kaiming_normal_(weight)
    return network.state_dict()


@pytest.fixture
def small_inception(monkeypatch):
    """Features of FID's Inception that take no time: the colours of a grid, (N, 48)."""
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten())
    for each in (features.INCEPTION, features.INCEPTION_CLEAN):
        monkeypatch.setitem(each.__dict__, "network", network)


@pytest.fixture
def inception(weights_folder, inception_state):
    torch.save(inception_state, weights_folder / features.FID_WEIGHTS)
