"""What every registered component owes its callers, tried on each of them."""

import copy

import pytest
import torch
from torch import Tensor, nn

from synthkit import plugins, registry
from synthkit.discriminators import PatchGAN
from synthkit.optimizers import build_optimizers
from synthkit.registry import DISCRIMINATORS, ENCODERS, GENERATORS, INPUTS, LOSSES, METRICS, NORMS, STEPS
from synthkit.steps import Step
from synthkit.translator import Translator, pad_to

# Settings that make a component small; one that is not listed is tried with its defaults.
SMALL = {
    "pix2pixhd/global": dict(channels=4, downsamples=2, blocks=1),
    "pix2pixhd/local": dict(channels=4, downsamples=1, blocks=1, local_blocks=1),
    "pix2pixhd/instance_encoder": dict(channels=4, downsamples=2),
    "pix2pixhd/multiscale": dict(channels=4, layers=2),
    "patch": dict(channels=4, layers=2),
    "label": dict(classes=5),
}
TESTED = {"generators", "discriminators", "encoders", "norms", "losses", "inputs", "steps", "metrics"}
ELSEWHERE = {
    "datasets": "tests/data",
    "backbones": "tests/test_backbones.py",
    "detectors": "tests/data/test_edges.py",
    "trackers": "tests/test_trackers.py",
}


def names(of: registry.Registry) -> list[str]:
    """All names of the core and of the plugins that come with synthkit."""
    for name, found in plugins.sources().items():
        if found[0].bundled:
            plugins.load(name)
    of.import_from_location()
    return sorted(of.module_dict)


def batch(count: int = 2, height: int = 32, width: int = 48) -> dict:
    return {
        "label": torch.randint(5, (count, 1, height, width), dtype=torch.int32),
        "instance": torch.randint(9, (count, 1, height, width), dtype=torch.int32),
        "image": torch.rand(count, 3, height, width) * 2 - 1,
        "source": torch.rand(count, 3, height, width) * 2 - 1,
        "edge": torch.randint(2, (count, 1, height, width)).float(),
    }


def test_every_extension_point_is_tested():
    for each in registry.REGISTRIES:
        assert each.name in TESTED or each.name in ELSEWHERE or not names(each), each.name


def same_gradients(network: nn.Module, call) -> None:
    """Gradients in channels_last float32 agree with those of contiguous float64, at batch one and two.

    `call(network, count, convert)` returns the network's output for converted inputs.
    """
    exact = copy.deepcopy(network).double()
    network = network.to(memory_format=torch.channels_last)
    for count in (1, 2):
        for each, convert in (
            (network, lambda x: x.contiguous(memory_format=torch.channels_last)),
            (exact, lambda x: x.double()),
        ):
            each.zero_grad()
            torch.manual_seed(count)
            output = call(each, count, convert)
            torch.manual_seed(count)
            (output * torch.randn(output.shape).to(output)).sum().backward()
        scale = max(p.grad.abs().max() for p in exact.parameters())
        for (name, p), q in zip(network.named_parameters(), exact.parameters(), strict=True):
            assert torch.isfinite(p.grad).all(), name
            torch.testing.assert_close(p.grad.double(), q.grad, atol=1e-4 * scale, rtol=1e-3, msg=name)


def same_after_loading(network: nn.Module, rebuilt: nn.Module, call) -> None:
    rebuilt.load_state_dict(network.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(call(network.eval()), call(rebuilt.eval()), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", names(GENERATORS))
def test_generator(name):
    spec = {"type": name, **SMALL.get(name, {})}
    network = GENERATORS.build(spec, in_channels=7)
    stride = getattr(network, "stride", 1)

    def image(net: nn.Module, condition: Tensor, *style: Tensor) -> Tensor:
        output = net(condition, *style)
        return output[0] if isinstance(output, tuple) else output

    condition = pad_to(torch.randn(2, 7, 32, 48), stride, 2 * stride)
    assert image(network, condition).shape == (2, 3, *condition.shape[2:])
    same_gradients(network, lambda net, n, to: image(net, to(torch.randn(n, 7, *condition.shape[2:]))))
    same_after_loading(network, GENERATORS.build(spec, in_channels=7), lambda net: image(net, condition))
    if GENERATORS.takes(spec, "style_channels"):
        styled = GENERATORS.build(spec, in_channels=4, style_channels=3)
        assert image(styled, condition[:, :4], condition[:, 4:]).shape == image(network, condition).shape


@pytest.mark.parametrize("name", names(GENERATORS))
def test_generator_of_odd_sizes(name):
    model = Translator.from_config(
        {"inputs": {"label": {"classes": 5}}, "generator": {"type": name, **SMALL.get(name, {})}}
    )
    for size in ((33, 47), (1, 1), (5, 64)):
        assert model.translate(batch(1, *size)).shape == (1, 3, *size)


@pytest.mark.parametrize("name", names(DISCRIMINATORS))
def test_discriminator(name):
    spec = {"type": name, **SMALL.get(name, {})}
    network = DISCRIMINATORS.build(spec, in_channels=7)
    condition, image = torch.randn(2, 4, 64, 64), torch.randn(2, 3, 64, 64)
    outputs = network(condition, image)
    areas = [features[0].shape[-1] for features in outputs]
    assert areas == sorted(areas, reverse=True), "the finest scale comes first"
    for features in outputs:
        assert len(features) > 1
        assert features[-1].shape[:2] == (2, 1)

    def logits(net: nn.Module, count: int, to) -> Tensor:
        pair = to(torch.randn(count, 7, 64, 64))
        return torch.cat([features[-1].flatten() for features in net(pair[:, :4], pair[:, 4:])])

    same_gradients(network, logits)
    same_after_loading(
        network, DISCRIMINATORS.build(spec, in_channels=7), lambda net: net(condition, image)[0][-1]
    )


@pytest.mark.parametrize("name", names(ENCODERS))
def test_encoder(name):
    spec = {"type": name, **SMALL.get(name, {})}
    network = ENCODERS.build(spec, in_channels=3)
    data = batch()
    style, extras = network(data["image"], data["instance"])
    assert style.shape[:2] == (2, network.out_channels)
    assert isinstance(extras, dict)
    same_gradients(network, lambda net, n, to: net(to(torch.randn(n, 3, 32, 48)), data["instance"][:n])[0])
    same_after_loading(
        network, ENCODERS.build(spec, in_channels=3), lambda net: net(data["image"], data["instance"])[0]
    )


@pytest.mark.parametrize("name", names(NORMS))
def test_norm(name):
    norm = NORMS.build(name, channels=8)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.Conv2d(8, 4, 3))
    assert norm(torch.randn(2, 8, 9, 7)).shape == (2, 8, 9, 7)
    same_gradients(network, lambda net, n, to: net(to(torch.randn(n, 3, 12, 10))))


@pytest.mark.parametrize("name", names(LOSSES))
def test_loss(name):
    loss = LOSSES.build(name)
    assert hasattr(loss, "generator") or hasattr(loss, "discriminator")
    discriminator = PatchGAN(6, 4, layers=2)
    model = Translator({"discriminator": discriminator}, inputs={})
    model.training_step = 0
    fake = torch.rand(2, 3, 32, 48, requires_grad=True)
    step = Step(model, batch(), condition=torch.randn(2, 3, 32, 48), fake=fake)
    for side, watched in (("generator", fake), ("discriminator", discriminator.blocks[0].conv.weight)):
        if hasattr(loss, side):
            value = getattr(loss, side)(step)
            assert value.shape == ()
            (gradient,) = torch.autograd.grad(value, watched, retain_graph=True)
            assert torch.isfinite(gradient).all()
            assert gradient.abs().max() > 0


@pytest.mark.parametrize("name", names(INPUTS))
def test_input(name):
    each = INPUTS.build({"type": name, **SMALL.get(name, {})})
    data = batch()
    assert each(data).shape == (2, each.channels, 32, 48)
    assert each(data).dtype in (torch.bool, torch.float32)
    assert torch.equal(each(data), each({each.field: data[each.field]})), "it reads more than its field"


@pytest.mark.parametrize("name", names(METRICS))
def test_metric(name):
    metric = METRICS.get(name)
    images = batch()["image"]
    better, worse = metric(images, images), metric((images + 0.3).clamp(-1, 1), images)
    assert better.shape == (2,)
    assert torch.all(better > worse if metric.higher_is_better else better < worse)


@pytest.mark.parametrize("name", names(STEPS))
def test_step(name):
    """It changes the generator, and the discriminator if it trains one, and logs every loss it used."""
    model = Translator.from_config(
        {
            "inputs": {"label": {"classes": 5}},
            "generator": {"type": "pix2pixhd/global", **SMALL["pix2pixhd/global"]},
            "discriminator": {"type": "patch", **SMALL["patch"]},
            "losses": {"gan": {"type": "lsgan"}, "pixels": {"type": "l1", "weight": 10}},
        }
    )
    before = copy.deepcopy(model.networks.state_dict())
    optimizers = build_optimizers({"type": "SGD", "lr": 0.1}, model.parameter_groups())
    logs = STEPS.get(name)(model, batch(), optimizers)
    changed = {
        key.split(".")[0]
        for key, value in model.networks.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert changed == ({"generator", "discriminator"} if "gan/discriminator" in logs else {"generator"})
    assert {"gan", "pixels"} <= logs.keys()
    assert not any(value.requires_grad for value in logs.values())
