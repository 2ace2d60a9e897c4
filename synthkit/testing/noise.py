"""Random numbers that are the same in each type and memory order."""

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

_LIKE = {torch.randn_like: torch.randn, torch.rand_like: torch.rand}
_NEW = (torch.randn, torch.rand)
_DROPOUT = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d)


class SameNoise(TorchFunctionMode):
    """Within it, noise and dropout are drawn in contiguous float32 for whatever tensor they are meant.

    torch by itself draws other numbers for float64, and for channels_last the same ones in another order.
    What fills a tensor in place (`normal_`, `uniform_`, `bernoulli_`) is left as it is.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in _LIKE:
            return _LIKE[function](args[0].shape, device=args[0].device).to(
                kwargs.get("dtype", args[0].dtype)
            )
        if function in _NEW:
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            return function(*args, **{**kwargs, "dtype": torch.float32}).to(dtype)
        if function in _DROPOUT:
            kept = function(torch.ones(args[0].shape, device=args[0].device), *args[1:], **kwargs)
            return args[0] * kept.to(args[0].dtype)
        return function(*args, **kwargs)
