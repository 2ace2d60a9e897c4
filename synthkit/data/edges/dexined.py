"""DexiNed, a learned edge detector."""

import numpy as np
import torch

from synthkit import weights
from synthkit.data.edges import thin
from synthkit.errors import SynthkitError
from synthkit.registry import DETECTORS

FILE = "DexiNed_BIPED_10.pth"
URL = f"https://huggingface.co/kornia/dexined/resolve/main/{FILE}"
INSTEAD = "Canny's detector needs no weights (model.inputs.edge.detector=canny)"
BGR_MEAN = (103.939, 116.779, 123.68)  # of the images that it was trained on


@DETECTORS.register_module("dexined")
class DexiNed:
    """Edges by DexiNed (Soria et al., WACV 2020), a network that has learnt which edges people draw.

    The network is kornia's (`pip install kornia`); its weights are fetched on first use (140 MB).
    It takes 0.8 seconds for a photo of 256x256 on a CPU core, and more in proportion to the pixels, so for
    training it is better run once: `synthkit data edges PHOTOS train_edge`.

    Args:
        low: the probability from which a pixel belongs to a weak edge, kept where it goes on from a strong
            one.
        high: from which an edge is strong.

    Raises ValueError unless 0 < low <= high < 1, SynthkitError without kornia or the weights.
    """

    def __init__(self, *, low: float = 0.3, high: float = 0.6):
        if not 0 < low <= high < 1:
            raise ValueError(f"low is {low} and high is {high}: needed are 0 < low <= high < 1")
        self.low, self.high = low, high
        self.network = _network()

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        from skimage.filters import apply_hysteresis_threshold  # takes a while to import

        return thin(apply_hysteresis_threshold(self.probability(photo), self.low, self.high))

    def probability(self, photo: np.ndarray) -> np.ndarray:
        """How likely each pixel of a photo (H, W, 3) uint8 is on an edge, (H, W) float32 in 0..1."""
        bgr = torch.from_numpy(photo[..., ::-1].astype(np.float32)) - torch.tensor(BGR_MEAN)
        with torch.inference_mode():
            return self.network(bgr.permute(2, 0, 1)[None]).sigmoid()[0, 0].numpy()


def _network() -> torch.nn.Module:
    try:
        from kornia.models.dexined import DexiNed as Network
    except ImportError as error:
        raise SynthkitError(f"the detector dexined needs kornia: pip install kornia ({error})") from error
    state = torch.load(weights.fetch(FILE, URL, instead=INSTEAD), map_location="cpu", weights_only=True)
    with torch.device("meta"):  # whose weights need not be drawn at random first
        network = Network(pretrained=False)
    network.load_state_dict(state, assign=True)
    return network.eval()
