"""The loss that keeps the image encoder's styles near what can be drawn (appendix A)."""

from torch import Tensor, nn

from synthkit.errors import ConfigError
from synthkit.registry import LOSSES


def kl_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, e^logvar) || N(0, 1)) of (N, F), summed over the numbers of a style and over the images."""
    return (mu.square() + logvar.exp() - logvar - 1).sum() / 2


@LOSSES.register_module("spade/kl")
class KLDivergence(nn.Module):
    """`kl_divergence` of the encoder's mu and logvar. The paper's weight is 0.05.

    As in the authors' code it is a sum over the images that a process sees at once, theirs being 4: for
    batches of b images, the weight 0.2 / b is the same to each image. Raises ConfigError where the model's
    encoder gives neither.
    """

    def generator(self, step) -> Tensor:
        if not {"mu", "logvar"} <= step.extras.keys():
            raise ConfigError(
                "spade/kl needs an encoder that gives mu and logvar, such as spade/image_encoder"
            )
        return kl_divergence(step.extras["mu"].float(), step.extras["logvar"].float())
