"""An input given as numbers, shown as a picture; photos have their own colours and do not come here."""

import numpy as np
from numpy.typing import NDArray

COLOUR = 3


def array_picture(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """C×H×W as uint8 H×W×3: three channels as red, green, blue, else the mean of the channels as grey.

    Least to largest value run from 0 to 255 over all channels together; a constant array is black.
    """
    planes = values.astype(np.float64)
    if len(planes) != COLOUR:
        planes = planes.mean(axis=0, keepdims=True)
    low, high = float(planes.min()), float(planes.max())
    share = (planes - low) / ((high - low) or 1.0)
    picture = np.rint(share * 255).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], COLOUR)))
