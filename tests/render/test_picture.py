"""Arrays given as input, as pictures."""

import numpy as np

from app.render.picture import array_picture


def test_three_channels_are_red_green_blue_on_one_scale() -> None:
    values = np.array([[[-1.0]], [[0.0]], [[4.0]]], dtype=np.float32)
    assert array_picture(values).tolist() == [[[0, 51, 255]]]


def test_one_channel_is_grey_from_its_least_to_its_largest_value() -> None:
    values = np.array([[[10, 15, 20]]], dtype=np.float32)
    assert array_picture(values).tolist() == [[[0, 0, 0], [128, 128, 128], [255, 255, 255]]]


def test_other_channels_show_their_mean() -> None:
    values = np.array([[[0, 2]], [[0, 4]]], dtype=np.float32)
    assert array_picture(values)[0, :, 0].tolist() == [0, 255]


def test_a_constant_array_is_black() -> None:
    picture = array_picture(np.full((3, 2, 2), 7, dtype=np.float32))
    assert picture.dtype == np.uint8
    assert not picture.any()


def test_values_at_the_ends_of_float32_do_not_overflow() -> None:
    values = np.array([[[-3e38, 3e38]]] * 3, dtype=np.float32)
    assert array_picture(values)[0, :, 0].tolist() == [0, 255]
