"""From an uploaded file to what a network sees: decoding, fitting, and back to a picture. No torch, no HTTP."""

from .arrays import decode_array
from .decode import Decoded, decode, encode_upright
from .fit import Fit, Placement, check_photo_channels, place, preprocess, restore
from .variants import Change, Changes, change_array, change_photo

__all__ = [
    "Change",
    "Changes",
    "Decoded",
    "Fit",
    "Placement",
    "change_array",
    "change_photo",
    "check_photo_channels",
    "decode",
    "decode_array",
    "encode_upright",
    "place",
    "preprocess",
    "restore",
]
