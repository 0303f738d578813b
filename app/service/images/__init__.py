"""From an uploaded file to what a network sees: decoding, fitting, and back to a picture. No torch, no HTTP."""

from .arrays import decode_array
from .decode import Decoded, decode, encode_upright
from .fit import Fit, Placement, check_photo_channels, place, preprocess, restore

__all__ = [
    "Decoded",
    "Fit",
    "Placement",
    "check_photo_channels",
    "decode",
    "decode_array",
    "encode_upright",
    "place",
    "preprocess",
    "restore",
]
