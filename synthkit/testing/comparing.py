"""Comparisons that the checks of several kinds share."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from synthkit.testing.noise import SameNoise

Convert = Callable[[Tensor], Tensor]


def same_gradients(network: nn.Module, call: Callable[[nn.Module, int, Convert], Tensor]) -> None:
    """Gradients in channels_last float32 agree with those of contiguous float64, at batch one and two.

    `call(network, count, convert)` returns the network's output for `count` converted random inputs. Noise
    that the network draws itself is the same for both.
    """
    exact = copy.deepcopy(network).double()
    network = network.to(memory_format=torch.channels_last)
    for count in (1, 2):
        for each, convert in (
            (network, lambda x: x.contiguous(memory_format=torch.channels_last)),
            (exact, lambda x: x.double()),
        ):
            _backward(each, call, count, convert)
        _compare(network, exact)


def _backward(network: nn.Module, call: Callable, count: int, convert: Convert) -> None:
    network.zero_grad()
    torch.manual_seed(count)
    with SameNoise():
        output = call(network, count, convert)
    assert output.requires_grad, "the output has no gradient: it is detached, or made without the parameters"
    torch.manual_seed(count)
    (output * torch.randn(output.shape).to(output)).sum().backward()


def _compare(network: nn.Module, exact: nn.Module) -> None:
    pairs = zip(network.named_parameters(), exact.parameters(), strict=True)
    pairs = [(name, p.grad, q.grad) for (name, p), q in pairs if p.requires_grad]
    for name, ours, theirs in pairs:
        assert ours is not None and theirs is not None, f"{name} gets no gradient: the output does not use it"
        assert torch.isfinite(ours).all(), f"the gradient of {name} is not finite"
    scale = max((theirs.abs().max() for _, _, theirs in pairs), default=1)
    for name, ours, theirs in pairs:
        assert torch.allclose(ours.double(), theirs, atol=1e-4 * scale, rtol=1e-3), (
            f"the gradient of {name} in channels_last float32 differs from that in contiguous float64 by "
            f"{(ours - theirs).abs().max():.2g} (the largest of all is {scale:.2g})"
        )


def same_after_loading(network: nn.Module, rebuilt: nn.Module, call: Callable[[nn.Module], Tensor]) -> None:
    """The state dict is all that tells two networks of the same settings apart, in evaluation mode."""
    rebuilt.load_state_dict(network.state_dict())
    with torch.no_grad():
        first, second = call(network.eval()), call(rebuilt.eval())
    assert torch.allclose(first, second, atol=1e-5, rtol=0), (
        "a network with the same weights gives another output in evaluation mode: it draws random numbers, "
        "or keeps something outside its parameters and buffers"
    )


def keeps_to_the_device(network: nn.Module, call: Callable[[nn.Module, Convert], Tensor]) -> None:
    """Tensors are made where the input is: on the device `meta`, which has no values and no mercy.

    `call(network, convert)` runs the network on converted inputs. One whose shapes hang on values, as those
    of torch.unique do, cannot be tried.
    """
    try:
        output = call(copy.deepcopy(network).to("meta"), lambda x: x.to("meta"))
    except NotImplementedError:
        return
    except RuntimeError as error:
        raise AssertionError(f"on another device than the CPU it fails: {error}") from error
    assert output.device.type == "meta", f"its output is on {output.device}, and its input is not"


@contextmanager
def unchanged(tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Within it nothing is written into these tensors, by name."""
    before = {name: each.clone() for name, each in tensors.items()}
    yield
    changed = [name for name, each in tensors.items() if not torch.equal(each, before[name])]
    assert not changed, (
        f"it writes into what it is given, {' and '.join(changed)}, and others read that, too: does it begin "
        "with an inplace layer?"
    )
