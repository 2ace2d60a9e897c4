"""Our networks with the authors' weights against the outputs of the authors' networks."""

from golden import close, train_as_the_original, under

from synthkit.plugins import load as load_plugin
from synthkit.registry import DISCRIMINATORS, GENERATORS
from synthkit.translator import Translator

load_plugin("pix2pix")
from synthkit.plugins.pix2pix.official import convert  # noqa: E402  (after the plugin is found)

PATCH = {"type": "patch", "norm": "batch", "padding": 1, "bias": False}


def test_unet_in_evaluation_and_in_training(golden):
    tensors, original = golden("pix2pix/unet_generator")
    spec = dict(
        type="pix2pix/unet",
        channels=original["ngf"],
        downsamples=original["num_downs"],
        dropout=original["dropout"],
    )
    network = GENERATORS.build(spec, in_channels=original["input_nc"])
    network.load_state_dict(convert(under(tensors, "weights")))
    close(network.eval()(tensors["input.condition"]), tensors["output.image_eval_mode"])
    close(network.train()(tensors["input.condition"]), tensors["output.image_train_mode"])


def test_patch_discriminator(golden):
    tensors, original = golden("pix2pix/patch_discriminator")
    spec = PATCH | {"channels": original["ndf"], "layers": original["n_layers"]}
    network = DISCRIMINATORS.build(spec, in_channels=original["input_nc"])
    network.load_state_dict(convert(under(tensors, "weights")))
    pair = tensors["input.pair"]
    close(network(pair[:, :-3], pair[:, -3:])[0][-1], tensors["output.logits_train_mode"])


def test_three_training_steps(golden):
    """The registered step, given the same batches, gives the authors' losses and weights."""
    tensors, original = golden("pix2pix/training_3_steps")
    model = Translator.from_config(
        {
            "inputs": {"source": {"channels": original["input_nc"]}},
            "generator": {
                "type": "pix2pix/unet",
                "channels": original["ngf"],
                "downsamples": original["num_downs"],
            },
            "discriminator": PATCH | {"channels": original["ndf"], "layers": original["n_layers"]},
            "losses": {"gan": {"type": "vanilla"}, "l1": {"type": "l1", "weight": original["lambda_L1"]}},
        }
    )
    networks = train_as_the_original(model, "discriminator_first", tensors, original, convert, term="l1")
    for name, network in networks.items():
        state, expected = network.state_dict(), convert(under(tensors, f"after.{name}"))
        for key, value in expected.items():  # no convolution before a norm has a bias here
            if name == "generator" or "running" not in key:  # they show the fake to it first, we the real one
                close(state[key], value)
