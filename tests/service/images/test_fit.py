"""Photos reach a network as a script of Pillow's own steps would bring them."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

from app.errors import Invalid
from app.net.preprocessing import VGG, Preprocessing, default_preprocessing
from app.resources import resource_path
from app.service.images import Placement, check_photo_channels, decode, place, preprocess, restore
from app.service.images.fit import Fit
from app.settings import Settings

PLAIN = Preprocessing(mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0), order="RGB", note="")
BICUBIC = Image.Resampling.BICUBIC
FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def levels(pixels: NDArray[np.uint8], height: int, width: int, fit: Fit, channels: int = 3) -> NDArray[np.uint8]:
    """The input before mean and scale, as H×W×C bytes."""
    preprocessing = PLAIN if channels == 3 else Preprocessing((0.0,), (1.0,), "L", "")
    values, _ = preprocess(pixels, channels=channels, height=height, width=width, fit=fit, preprocessing=preprocessing)
    assert values.dtype == np.float32
    assert values.shape == (channels, height, width)
    return values.transpose(1, 2, 0).astype(np.uint8)


def resize_and_centre_crop(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The steps of a script: shorter side to `size`, the other to the nearest pixel, then the centre."""
    image = Image.fromarray(pixels)
    short, long = min(image.size), max(image.size)
    longer = round(size * long / short)
    width, height = (size, longer) if image.width <= image.height else (longer, size)
    image = image.resize((width, height), BICUBIC)
    left, top = round((width - size) / 2.0), round((height - size) / 2.0)
    return np.asarray(image.crop((left, top, left + size, top + size)))


@settings(max_examples=150, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300), size=st.integers(1, 64), seed=st.integers(0, 9))
def test_crop_is_resize_and_centre_crop(height: int, width: int, size: int, seed: int) -> None:
    pixels = noise(height, width, seed)
    np.testing.assert_array_equal(levels(pixels, size, size, "crop"), resize_and_centre_crop(pixels, size))


@pytest.mark.parametrize(("height", "width"), [(56, 80), (300, 70), (41, 41)])
def test_resizing_is_antialiased_as_torch_does_it(height: int, width: int) -> None:
    # Other code's opinion: torch resamples in float with the same kernel (Keys, a = −0.5 when antialiased).
    image = np.asarray(Image.fromarray(noise(9, 12)).resize((width * 3, height * 3), BICUBIC))
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    expected = F.interpolate(tensor, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
    ours = levels(image, height, width, "stretch").astype(np.float32)
    exact = expected[0].permute(1, 2, 0).clamp(0, 255).numpy()
    assert np.abs(ours - exact).max() <= 2  # Pillow rounds to a byte after each of its two passes


@pytest.mark.parametrize("fit", [*FITS, "native"])
def test_a_photo_that_has_the_size_is_not_resampled(fit: Fit) -> None:
    pixels = noise(23, 31)
    np.testing.assert_array_equal(levels(pixels, 23, 31, fit), pixels)


def test_a_photo_whose_shorter_side_has_the_size_is_only_cropped() -> None:
    pixels = noise(20, 31)
    # (31 − 20)/2 = 5.5 rounds to 6, the even neighbour, as in torchvision.
    np.testing.assert_array_equal(levels(pixels, 20, 20, "crop"), pixels[:, 6:26])


def test_pad_keeps_the_whole_photo_and_leaves_zero_around_it() -> None:
    pixels = noise(10, 20)
    values, placement = preprocess(pixels, channels=3, height=20, width=20, fit="pad", preprocessing=VGG)
    expected = pixels.transpose(2, 0, 1) - np.array([[[123.68]], [[116.779]], [[103.939]]], dtype=np.float32)
    np.testing.assert_array_equal(values[:, 5:15], expected)
    assert not values[:, :5].any()
    assert not values[:, 15:].any()
    assert placement == Placement(1.0, 1.0, 0, -5)


def test_pad_brings_the_longer_side_to_the_size() -> None:
    pixels = noise(30, 60)
    inside = np.asarray(Image.fromarray(pixels).resize((16, 8), BICUBIC))
    padded = levels(pixels, 16, 16, "pad")
    np.testing.assert_array_equal(padded[4:12], inside)


def test_stretch_changes_the_proportions() -> None:
    pixels = noise(30, 60)
    np.testing.assert_array_equal(
        levels(pixels, 17, 13, "stretch"), np.asarray(Image.fromarray(pixels).resize((13, 17), BICUBIC))
    )


def test_an_input_that_is_not_square_is_covered() -> None:
    # 40×60 to cover 20×10: the height decides, 20×30, and the middle 10 columns are taken.
    pixels = noise(40, 60)
    expected = np.asarray(Image.fromarray(pixels).resize((30, 20), BICUBIC))[:, 10:20]
    np.testing.assert_array_equal(levels(pixels, 20, 10, "crop"), expected)


def test_one_channel_is_pillow_s_luminance() -> None:
    pixels = noise(12, 12)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(levels(pixels, 12, 12, "crop", channels=1)[:, :, 0], expected)


def test_mean_and_scale_belong_to_their_channels() -> None:
    pixels = np.full((2, 2, 3), (10, 20, 30), dtype=np.uint8)
    preprocessing = Preprocessing(mean=(1.0, 2.0, 3.0), scale=(10.0, 100.0, 1000.0), order="RGB", note="")
    values, _ = preprocess(pixels, channels=3, height=2, width=2, fit="crop", preprocessing=preprocessing)
    assert values[:, 0, 0].tolist() == [90.0, 1800.0, 27000.0]


def test_other_networks_see_minus_one_to_one() -> None:
    pixels = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    values, _ = preprocess(pixels, channels=3, height=1, width=2, fit="crop", preprocessing=default_preprocessing(3))
    np.testing.assert_allclose(values[:, 0], [[-1, 1]] * 3, rtol=1e-6)


@pytest.mark.parametrize("channels", [2, 4, 64])
def test_a_photo_cannot_fill_other_channels(channels: int) -> None:
    with pytest.raises(Invalid, match=f"takes {channels} channels; a photo has 3") as caught:
        preprocess(
            noise(4, 4),
            channels=channels,
            height=4,
            width=4,
            fit="crop",
            preprocessing=default_preprocessing(channels),
        )
    assert caught.value.expected == f"an array (application/x-npy) of {channels}×H×W"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_photo_fills_grey_and_colour(channels: int) -> None:
    check_photo_channels(channels)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("height", "width"), [(1, 10_000), (10_000, 1), (3, 200_000)])
def test_an_extreme_photo_costs_no_more_than_its_input(height: int, width: int, fit: Fit) -> None:
    pixels = np.full((height, width, 3), 90, dtype=np.uint8)
    seen = levels(pixels, 224, 224, fit)
    assert set(np.unique(seen)) <= ({90} if fit != "pad" else {0, 90})
    assert (seen == 90).any()


def test_the_middle_of_an_extreme_photo_is_what_is_seen() -> None:
    pixels = np.zeros((1, 100_001, 3), dtype=np.uint8)
    pixels[0, 50_000] = 255
    seen = levels(pixels, 224, 224, "crop")[:, :, 0]
    # One pixel enlarged to 224: itself in the middle, and at the edges, half a pixel off, Keys' kernel is 0.5625.
    assert seen[:, 111:113].min() == 255
    assert np.abs(seen[:, [0, -1]] - 0.5625 * 255).max() <= 2


@settings(max_examples=200, deadline=None)
@given(
    photo=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    height=st.integers(1, 512),
    width=st.integers(1, 512),
    fit=st.sampled_from(FITS),
)
def test_the_placement_covers_or_contains_the_photo(photo: tuple[int, int], height: int, width: int, fit: Fit) -> None:
    placement = place(*photo, height=height, width=width, fit=fit)
    left, right = placement.left / placement.scale_x, (placement.left + width) / placement.scale_x
    top, bottom = placement.top / placement.scale_y, (placement.top + height) / placement.scale_y
    slack = 1e-6 * max(photo)
    if fit == "pad":
        assert left <= slack
        assert top <= slack
        assert right >= photo[0] - slack
        assert bottom >= photo[1] - slack
    else:
        assert left >= -slack
        assert top >= -slack
        assert right <= photo[0] + slack
        assert bottom <= photo[1] + slack
    # One pixel more or less on each side: the centres agree.
    assert abs((left + right) / 2 - photo[0] / 2) <= 1.001 / placement.scale_x
    assert abs((top + bottom) / 2 - photo[1] / 2) <= 1.001 / placement.scale_y


@settings(max_examples=60, deadline=None)
@given(
    spot=st.tuples(st.integers(0, 99), st.integers(0, 149)),
    fit=st.sampled_from(FITS),
    height=st.integers(10, 40),
    width=st.integers(10, 40),
)
def test_a_spot_of_the_photo_is_where_the_placement_says(
    spot: tuple[int, int], fit: Fit, height: int, width: int
) -> None:
    pixels = np.zeros((100, 150, 3), dtype=np.uint8)
    pixels[max(0, spot[0] - 4) : spot[0] + 5, max(0, spot[1] - 4) : spot[1] + 5] = 255
    seen = levels(pixels, height, width, fit)[:, :, 0]
    assume(seen.max() > 127)  # the spot is inside and not only on the edge
    y, x = np.unravel_index(int(seen.argmax()), seen.shape)
    placement = place(150, 100, height=height, width=width, fit=fit)
    assert abs((int(x) + 0.5 + placement.left) / placement.scale_x - (spot[1] + 0.5)) <= 5 + 1 / placement.scale_x
    assert abs((int(y) + 0.5 + placement.top) / placement.scale_y - (spot[0] + 0.5)) <= 5 + 1 / placement.scale_y


@pytest.mark.parametrize("preprocessing", [VGG, default_preprocessing(3)])
def test_restoring_gives_back_every_pixel(preprocessing: Preprocessing) -> None:
    pixels = noise(16, 16)
    values, _ = preprocess(pixels, channels=3, height=16, width=16, fit="crop", preprocessing=preprocessing)
    restored = restore(values, preprocessing)
    assert restored.dtype == np.uint8
    np.testing.assert_array_equal(restored, pixels)


def test_restoring_one_channel_gives_grey() -> None:
    pixels = noise(8, 8)
    preprocessing = default_preprocessing(1)
    values, _ = preprocess(pixels, channels=1, height=8, width=8, fit="crop", preprocessing=preprocessing)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(restore(values, preprocessing), np.stack([grey] * 3, axis=2))


def test_what_pad_leaves_is_restored_as_the_mean_colour() -> None:
    values, _ = preprocess(noise(2, 8), channels=3, height=8, width=8, fit="pad", preprocessing=VGG)
    assert restore(values, VGG)[0, 0].tolist() == [124, 117, 104]


def test_the_cat_reaches_vgg_as_the_paper_says() -> None:
    photo = decode(resource_path("samples", "chelsea.png").read_bytes(), Settings())
    values, _ = preprocess(photo.pixels, channels=3, height=224, width=224, fit="crop", preprocessing=VGG)
    cropped = resize_and_centre_crop(photo.pixels, 224).astype(np.float32)
    expected = torch.from_numpy(cropped).permute(2, 0, 1) - torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1)
    np.testing.assert_array_equal(values, expected.numpy())


def test_the_cat_in_vgg_has_the_published_figures() -> None:
    photo = decode(resource_path("samples", "chelsea.png").read_bytes(), Settings())
    values, _ = preprocess(photo.pixels, channels=3, height=224, width=224, fit="crop", preprocessing=VGG)
    weights = load_file(resource_path("weights", "vgg16_features.safetensors"))
    x, before = torch.from_numpy(values)[None], {}
    with torch.inference_mode():
        for block in ([0, 2], [5, 7], [10, 12, 14], [17, 19, 21], [24, 26, 28]):
            for index in block:
                kernel, bias = (weights[f"features.{index}.{part}"].float() for part in ("weight", "bias"))
                before[index] = F.conv2d(x, kernel, bias, padding=1)
                x = before[index].relu()
            last, x = x, F.max_pool2d(x, 2)
    conv3_2 = before[12][0, 102]
    assert conv3_2[17, 23].item() == pytest.approx(1779.7205, rel=1e-4)
    assert conv3_2.max().item() == pytest.approx(1824.44, rel=1e-4)
    assert divmod(int(conv3_2.argmax()), 56) == (47, 34)
    assert int((last[0].amax(dim=(1, 2)) == 0).sum()) == 88  # of relu5_3's 512 maps
