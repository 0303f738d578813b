"""Variants of photos and arrays against Pillow and NumPy called directly."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter
from pydantic import TypeAdapter, ValidationError

from app.errors import Invalid, OverLimit
from app.net.preprocessing import Preprocessing
from app.service.images import Change, Changes, change_array, change_photo, preprocess
from app.settings import Settings

SETTINGS = Settings()
PHOTO = np.random.default_rng(0).integers(0, 256, (300, 41, 3), dtype=np.uint8)
ARRAY = np.random.default_rng(1).normal(size=(2, 6, 9)).astype(np.float32)
IDENTITY = Preprocessing(mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0), order="RGB", note=None)


def photo(*changes: dict[str, Any], pixels: np.ndarray = PHOTO, settings: Settings = SETTINGS) -> np.ndarray:
    return change_photo(pixels, [Change(**change) for change in changes], settings)


def array(*changes: dict[str, Any], values: np.ndarray = ARRAY) -> np.ndarray:
    return change_array(values, [Change(**change) for change in changes])


# --- photos


def test_a_crop_is_a_part():
    np.testing.assert_array_equal(photo({"crop": [3, 10, 20, 30]}), PHOTO[10:30, 3:20])
    np.testing.assert_array_equal(photo({"crop": [0, 0, 41, 300]}), PHOTO)


@pytest.mark.parametrize(("down", "right"), [(4, 0), (-4, 0), (0, 7), (0, -7), (3, -2), (0, 0), (299, 40)])
def test_a_shift_moves_and_repeats_the_edge(down, right):
    widened = np.pad(PHOTO, ((300, 300), (41, 41), (0, 0)), mode="edge")
    expected = widened[300 - down : 600 - down, 41 - right : 82 - right]
    np.testing.assert_array_equal(photo({"shift": [down, right]}), expected)


@pytest.mark.parametrize("degrees", [15, -90, 180, 0.5])
def test_a_turn_keeps_the_size_and_fills_with_the_mean_colour(degrees):
    mean = tuple(np.rint(PHOTO.mean((0, 1))).astype(int).tolist())
    turned = Image.fromarray(PHOTO).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=mean)
    np.testing.assert_array_equal(photo({"rotate": degrees}), np.asarray(turned))
    assert photo({"rotate": degrees}).shape == PHOTO.shape


def test_a_quarter_turn_is_counter_clockwise():
    square = PHOTO[:41]
    np.testing.assert_array_equal(photo({"rotate": 90}, pixels=square), np.rot90(square))


def test_a_flip_exchanges_sides():
    np.testing.assert_array_equal(photo({"flip": "horizontal"}), np.fliplr(PHOTO))
    np.testing.assert_array_equal(photo({"flip": "vertical"}), np.flipud(PHOTO))


def test_noise_is_numpy_s_and_levels_stay_bytes():
    drawn = np.random.default_rng(5).standard_normal(PHOTO.shape, dtype=np.float32) * np.float32(40)
    expected = np.clip(np.rint(PHOTO + drawn), 0, 255)
    np.testing.assert_array_equal(photo({"noise": {"sigma": 40, "seed": 5}}), expected)
    assert {0, 255} <= set(np.unique(expected).tolist())


def test_a_blur_is_pillow_s():
    blurred = Image.fromarray(PHOTO).filter(ImageFilter.GaussianBlur(2.5))
    np.testing.assert_array_equal(photo({"blur": 2.5}), np.asarray(blurred))


@pytest.mark.parametrize(("factor", "size"), [(0.5, (20, 150)), (1.5, (62, 450)), (0.01, (1, 3))])
def test_a_scale_is_bicubic_to_whole_pixels(factor, size):
    scaled = Image.fromarray(PHOTO).resize(size, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(photo({"scale": factor}), np.asarray(scaled))


def test_a_size_is_what_a_run_would_see():
    seen, _ = preprocess(PHOTO, channels=3, height=32, width=32, fit="crop", preprocessing=IDENTITY)
    np.testing.assert_array_equal(photo({"size": 32}), seen.transpose(1, 2, 0))
    again, _ = preprocess(photo({"size": 32}), channels=3, height=32, width=32, fit="crop", preprocessing=IDENTITY)
    np.testing.assert_array_equal(again, seen)


def test_changes_are_made_in_order():
    first = photo({"crop": [0, 0, 20, 20]}, {"shift": [0, 5]})
    np.testing.assert_array_equal(first, photo({"shift": [0, 5]}, pixels=PHOTO[:20, :20]))
    assert not np.array_equal(first, photo({"shift": [0, 5]}, {"crop": [0, 0, 20, 20]})[:, ::-1])


def test_the_photo_given_stays_as_it_is():
    before = PHOTO.copy()
    photo({"noise": {"sigma": 9}}, {"shift": [1, 1]}, {"flip": "vertical"})
    np.testing.assert_array_equal(PHOTO, before)


# --- arrays


def test_arrays_move_exactly():
    np.testing.assert_array_equal(array({"crop": [1, 2, 4, 6]}), ARRAY[:, 2:6, 1:4])
    np.testing.assert_array_equal(array({"flip": "horizontal"}), ARRAY[:, :, ::-1])
    np.testing.assert_array_equal(array({"flip": "vertical"}), ARRAY[:, ::-1])
    widened = np.pad(ARRAY, ((0, 0), (6, 6), (9, 9)), mode="edge")
    np.testing.assert_array_equal(array({"shift": [2, -3]}), widened[:, 4:10, 12:21])


def test_an_array_s_noise_is_float32_and_not_cut():
    drawn = np.random.default_rng(0).standard_normal(ARRAY.shape, dtype=np.float32)
    noisy = array({"noise": {"sigma": 1000}})
    assert noisy.dtype == np.float32
    np.testing.assert_array_equal(noisy, ARRAY + drawn * np.float32(1000))


@pytest.mark.parametrize("change", [{"rotate": 1}, {"blur": 1}, {"scale": 2}, {"size": 4}])
def test_arrays_take_no_change_that_makes_new_values(change):
    with pytest.raises(Invalid) as refusal:
        array(change)
    assert refusal.value.expected == "one of crop, shift, flip, noise"


def test_noise_keeps_the_largest_number_finite():
    largest = np.full((1, 50, 50), np.finfo(np.float32).max)
    assert np.isfinite(array({"noise": {"sigma": 1e6}}, values=largest)).all()


# --- refusals


@pytest.mark.parametrize(
    "box", [[0, 0, 42, 10], [0, 0, 10, 301], [-1, 0, 10, 10], [5, 5, 5, 10], [5, 5, 10, 5], [9, 0, 3, 4]]
)
def test_a_box_outside_is_refused_with_the_range(box):
    with pytest.raises(Invalid) as refusal:
        photo({"flip": "vertical"}, {"crop": box})
    assert refusal.value.where == "1.crop"
    assert refusal.value.expected == "0 ≤ left < right ≤ 41, 0 ≤ top < bottom ≤ 300"


@pytest.mark.parametrize("shift", [[300, 0], [-300, 0], [0, 41], [0, -41]])
def test_a_shift_that_leaves_nothing_is_refused(shift):
    with pytest.raises(Invalid) as refusal:
        photo({"shift": shift})
    assert refusal.value.where == "0.shift"


def test_a_variant_over_the_limit_is_refused_before_it_is_made():
    small = SETTINGS.model_copy(update={"max_picture_pixels": 1000, "max_input_size": 64})
    with pytest.raises(OverLimit) as refusal:
        photo({"flip": "vertical"}, settings=small)
    assert refusal.value.limit == 1000
    assert photo({"crop": [0, 0, 30, 30]}, {"blur": 1}, settings=small).shape == (30, 30, 3)
    with pytest.raises(OverLimit) as refusal:
        photo({"crop": [0, 0, 30, 30]}, {"scale": 16}, settings=small)
    assert refusal.value.where == "1.scale"
    with pytest.raises(OverLimit) as refusal:
        photo({"size": 65}, settings=small)
    assert refusal.value.limit == 64


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        [{}],
        5,
        "flip",
        {"crop": None},
        {"flip": "diagonal"},
        {"flip": "vertical", "blur": 1},
        {"turn": 1},
        {"crop": [1, 2, 3]},
        {"crop": [0, 0, 1.5, 2]},
        {"shift": [1]},
        {"shift": ["1", 2]},
        {"shift": [10**7, 0]},
        {"rotate": 400},
        {"rotate": float("nan")},
        {"noise": 5},
        {"noise": {"sigma": 0}},
        {"noise": {"sigma": -1}},
        {"noise": {"sigma": float("inf")}},
        {"noise": {"sigma": 1, "seed": -1}},
        {"noise": {"sigma": 1, "seed": 2**63}},
        {"noise": {"sigma": 1, "mean": 2}},
        {"blur": 0},
        {"blur": 101},
        {"blur": float("nan")},
        {"scale": 0},
        {"scale": 17},
        {"size": 0},
        {"size": "4"},
        [{"blur": 1}] * 9,
    ],
)
def test_a_change_that_is_none_is_refused(body):
    with pytest.raises(ValidationError):
        TypeAdapter(Changes).validate_python(body)


def test_one_change_or_a_list_of_them_is_read():
    read = TypeAdapter(Changes).validate_python
    assert read({"shift": [1, 2]}) == [Change(shift=(1, 2))] == read([{"shift": [1, 2]}])


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"crop": [1, 2, 4, 6]}, "cut to columns 1 to 3, rows 2 to 5"),
        ({"shift": [4, -3]}, "moved 4 px down, 3 px left"),
        ({"rotate": -7.5}, "turned by -7.5° counter-clockwise"),
        ({"flip": "horizontal"}, "left and right exchanged"),
        ({"flip": "vertical"}, "top and bottom exchanged"),
        ({"noise": {"sigma": 2.5, "seed": 3}}, "noise of sigma 2.5 added, seed 3"),
        ({"blur": 2}, "blurred with radius 2"),
        ({"scale": 0.5}, "scaled by 0.5"),
        ({"size": 224}, "brought to 224×224"),
    ],
)
def test_a_change_says_what_it_does(change, note):
    assert Change(**change).note == note
