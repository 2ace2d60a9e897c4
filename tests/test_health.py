"""What a training says of its health: signs of trouble, and what helps when memory runs out."""

import pytest
import torch
from small_runs import of, tiny

from synthkit.errors import SynthkitError
from synthkit.health import Monitor, Sign
from synthkit.memory import advice
from synthkit.registry import STEPS
from synthkit.runner import train


def test_each_sign_is_reported_once_until_it_has_gone():
    sign = Sign("high", 3, lambda figures: figures["x"] > 1, "lower it")
    monitor = Monitor((sign,))
    values = [2, 2, 0, 2, 2, 2, 2, 0, 2, 2, 2]
    assert [bool(monitor.look({"x": value})) for value in values] == [n in (5, 10) for n in range(11)]


@pytest.mark.parametrize(
    ("figures", "name", "logs"),
    [
        ({"ranking": 1.0}, "the discriminator always wins", 20),
        ({"logit gap": 0.01, "ranking": 0.6}, "the discriminator has given up", 20),
        ({"saturation": 0.9}, "the outputs are saturated", 3),
        ({"data_wait": 0.6}, "the training waits for data", 5),
        ({"ranking": 0.9, "logit gap": 0.3, "saturation": 0.05, "data_wait": 0.01}, None, 100),
    ],
)
def test_signs_of_trouble(figures, name, logs):
    monitor = Monitor()
    found = [[sign.name for sign in monitor.look(figures)] for _ in range(logs)]
    assert found[-1] == ([name] if name else [])
    assert not any(found[:-1])


def test_a_dead_generator_is_warned_of(tmp_path):
    """Outputs at the rails, in a real run: the warning is recorded and names the cause."""

    @STEPS.register_module("user/saturating", force=True)
    def saturating(model, batch, optimizers):
        with torch.no_grad():
            model.networks["generator"].head.conv.bias.fill_(50.0)
        return STEPS.get("joint")(model, batch, optimizers)

    run = train(tiny("train.order=user/saturating", "train.log_every=1"), tmp_path / "run")
    assert "the outputs are saturated" in [record["name"] for record in of(run, "warning")]
    assert of(run, "train")[0]["signals"]["saturation"] == 1


def test_memory_that_runs_out_says_what_helps():
    with (
        pytest.raises(SynthkitError, match=r"(?s)out of memory on cpu of .* GB: .*train\.precision=bf16"),
        advice(torch.device("cpu")),
    ):
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match=r"^another thing$"), advice(torch.device("cpu")):
        raise RuntimeError("another thing")
