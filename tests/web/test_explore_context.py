"""The explorer's context: grouping, layout, texts and the checked address, on networks written out by hand."""

from itertools import pairwise
from typing import Any

import pytest

from app.web.explore import (
    complete_view,
    explore_context,
    opening_block,
    photo_box,
    tile_height,
    usable_models,
    wall_tile,
)
from app.web.explore_blocks import function_name, group_blocks
from app.web.explore_format import count, digits, window_text
from app.web.explore_tower import HEIGHT, lying, standing, total_height
from app.web.explore_view import View, parse_view

Json = dict[str, Any]

IMAGE: Json = {"id": "f" * 32, "kind": "photo", "width": 64, "height": 48, "shape": [3, 48, 64], "notes": []}


def layer(name: str, op: str, source: str | list[str], shape: list[int], **more: Any) -> Json:
    return {
        "name": name,
        "op": op,
        "from": source if isinstance(source, list) else [source],
        "shape": shape,
        "input_shape": shape,
        "available": True,
        "reason": None,
        "signed": op not in {"relu", "softmax"},
        "parameters": 0,
        "multiply_adds": 0,
        "receptive_field": {"size": [3, 3], "stride": [1, 1], "padding": [1, 1], "whole": False},
        "spec": {"op": op, **more.pop("spec", {})},
        **more,
    }


def network(*layers: Json, size: int = 32, fit: str = "crop") -> tuple[Json, Json]:
    spec = [entry.pop("spec") for entry in layers]
    run = {
        "id": "a" * 32,
        "model": "b" * 32,
        "model_name": "net",
        "image": IMAGE["id"],
        "size": size,
        "fit": fit,
        "input": {"shape": [3, size, size]},
        "layers": [{"index": index, **entry} for index, entry in enumerate(layers)],
        "weights": {"kind": "shipped", "install": "convscope weights install net"},
    }
    totals = {"parameters": sum(entry["parameters"] for entry in layers), "multiply_adds": 0, "activation_bytes": 0}
    return run, {"id": "b" * 32, "name": "net", "title": "Net", "spec": {"layers": spec}, "totals": totals}


def two_convolutions() -> tuple[Json, Json]:
    conv = {"spec": {"kernel": 3, "padding": 1}}
    return network(
        layer("conv1", "conv", "input", [6, 32, 32], parameters=168, multiply_adds=165_888, **conv),
        layer("relu1", "relu", "conv1", [6, 32, 32]),
        layer("pool1", "maxpool", "relu1", [6, 16, 16], spec={"kernel": 2, "stride": 2}),
        layer("conv2", "conv", "pool1", [10, 16, 16], parameters=550, **conv),
        layer("relu2", "relu", "conv2", [10, 16, 16]),
    )


class TestBlocks:
    def test_a_convolution_takes_its_function_along(self) -> None:
        blocks = group_blocks(*two_convolutions())
        assert [(b.name, b.before, b.after, b.folded) for b in blocks] == [
            ("conv1", "conv1", "relu1", False),
            ("pool1", "pool1", "pool1", True),
            ("conv2", "conv2", "relu2", False),
        ]
        assert blocks[0].operation == "conv 3×3, ReLU"
        assert blocks[0].operation_before == "conv 3×3, p1"
        assert blocks[1].operation == "max 2×2, s2"
        assert blocks[0].parameters == 168
        assert function_name(blocks) == "ReLU"

    def test_batch_normalisation_between_joins_the_block(self) -> None:
        blocks = group_blocks(
            *network(
                layer("c", "conv", "input", [4, 8, 8], parameters=100, spec={"kernel": 1}),
                layer("n", "batchnorm", "c", [4, 8, 8], parameters=8),
                layer("r", "relu6", "n", [4, 8, 8]),
            )
        )
        assert [b.layers for b in blocks] == [("c", "n", "r")]
        assert (blocks[0].before, blocks[0].after, blocks[0].parameters) == ("n", "r", 108)
        assert blocks[0].operation == "conv 1×1, batch norm, ReLU6"

    def test_a_function_whose_input_feeds_another_layer_too_stands_alone(self) -> None:
        blocks = group_blocks(
            *network(
                layer("c", "conv", "input", [4, 8, 8], spec={"kernel": 1}),
                layer("r", "relu", "c", [4, 8, 8]),
                layer("sum", "add", ["r", "c"], [4, 8, 8]),
            )
        )
        assert [b.layers for b in blocks] == [("c",), ("r",), ("sum",)]

    def test_a_network_of_pooling_alone_is_not_folded(self) -> None:
        blocks = group_blocks(*network(layer("p", "maxpool", "input", [3, 16, 16], spec={"kernel": 2})))
        assert [b.folded for b in blocks] == [False]

    def test_different_functions_have_no_common_name(self) -> None:
        blocks = group_blocks(
            *network(
                layer("a", "conv", "input", [4, 8, 8], spec={"kernel": 1}),
                layer("ar", "relu", "a", [4, 8, 8]),
                layer("b", "conv", "ar", [4, 8, 8], spec={"kernel": 1}),
                layer("bt", "tanh", "b", [4, 8, 8]),
            )
        )
        assert function_name(blocks) == ""
        assert function_name(()) is None


class TestFormat:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (999, "999"),
            (20_100, "20.1 k"),
            (462_422_016, "462.4 M"),
            (1_849_688_064, "1.85 G"),
            (10**12, "1.00 T"),
        ],
    )
    def test_large_counts_are_short(self, value: int, text: str) -> None:
        assert count(value) == text

    def test_exact_figures_have_commas_and_a_true_minus(self) -> None:
        assert digits(138_357_544) == "138,357,544"
        assert digits(-42) == "−42"

    @pytest.mark.parametrize(
        ("settings", "texts"),
        [
            ({"kernel": 3}, ("3×3", "")),
            ({"kernel": 3, "stride": 1, "padding": 1}, ("3×3", ", p1")),
            ({"op": "maxpool", "kernel": 3}, ("3×3", ", s3")),
            ({"op": "maxpool", "kernel": 3, "stride": 2}, ("3×3", ", s2")),
            ({"kernel": [1, 7], "stride": 2, "padding": [0, 3]}, ("1×7", ", s2, p0×3")),
            ({"kernel": 11, "stride": 4, "padding": "same", "groups": 2}, ("11×11", ", s4, p same, g2")),
            ({"kernel": [5, 5], "dilation": [2, 2]}, ("5×5", ", d2")),
            ({"kernel": 3, "padding": [1, 2, 1, 2]}, ("3×3", ", p1×2×1×2")),
            ({}, ("", "")),
        ],
    )
    def test_a_window_says_what_is_not_usual(self, settings: Json, texts: tuple[str, str]) -> None:
        assert window_text(settings) == texts


class TestView:
    def test_the_empty_address_is_the_default_view(self) -> None:
        assert parse_view({}) == View()

    def test_every_parameter_is_read(self) -> None:
        view = parse_view(
            {
                "image": "ab12",
                "model": "vgg16",
                "size": "224",
                "fit": "pad",
                "layer": "conv3_2",
                "map": "102",
                "y": "17",
                "x": "23",
                "show": "before",
                "colour": "cividis",
                "norm": "layer",
                "sort": "max",
                "tile": "28",
                "clip": "99.5",
                "dead": "hide",
                "fold": "pool1,conv1_1",
                "explain": "1",
                "inspector": "closed",
            }
        )
        assert view.notices == ()
        assert (view.layer, view.map, view.y, view.x, view.clip) == ("conv3_2", 102, 17, 23, 99.5)
        assert (view.fold, view.explain, view.inspector) == (("pool1", "conv1_1"), True, "closed")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("map", "abc"),
            ("map", "-1"),
            ("map", "9" * 400),
            ("map", "²"),
            ("y", "1.5"),
            ("size", "0"),
            ("show", "later"),
            ("colour", "jet"),
            ("tile", "77"),
            ("clip", "nan"),
            ("clip", "5"),
            ("clip", "inf"),
            ("layer", "<script>"),
            ("layer", "x" * 65),
            ("fold", ",".join(["a"] * 300)),
            ("explain", "yes"),
            ("image", "../../etc"),
        ],
    )
    def test_a_wrong_value_falls_back_and_is_said(self, name: str, value: str) -> None:
        view = parse_view({name: value})
        assert view == View(notices=view.notices)
        assert len(view.notices) == 1
        assert view.notices[0].startswith(f"{name}=")
        assert len(view.notices[0]) < 200

    def test_an_unknown_layer_falls_back_to_the_opening_one(self) -> None:
        run, model = two_convolutions()
        view = complete_view(parse_view({"layer": "conv9", "map": "1"}), group_blocks(run, model), run)
        assert (view.layer, view.map) == ("conv2", None)
        assert view.notices == ("net has no layer conv9.",)

    def test_a_layer_inside_a_block_names_the_block(self) -> None:
        run, model = two_convolutions()
        view = complete_view(parse_view({"layer": "relu2"}), group_blocks(run, model), run)
        assert (view.layer, view.notices) == ("conv2", ())

    def test_a_folded_layer_that_is_asked_for_opens(self) -> None:
        run, model = two_convolutions()
        view = complete_view(parse_view({"layer": "pool1"}), group_blocks(run, model), run)
        assert (view.layer, view.fold) == ("pool1", ("pool1",))

    def test_a_map_or_cell_beyond_the_layer_is_left_out(self) -> None:
        run, model = two_convolutions()
        blocks = group_blocks(run, model)
        beyond = complete_view(parse_view({"layer": "conv1", "map": "6", "y": "32", "x": "0"}), blocks, run)
        assert (beyond.map, beyond.y, beyond.x, len(beyond.notices)) == (None, None, None, 2)
        last = complete_view(parse_view({"layer": "conv1", "map": "5", "y": "31", "x": "31"}), blocks, run)
        assert (last.map, last.y, last.x, last.notices) == (5, 31, 31, ())

    def test_a_layer_without_weights_is_not_selected(self) -> None:
        run, model = two_convolutions()
        for entry in run["layers"][3:]:
            entry.update(available=False, reason="weights not installed")
        view = complete_view(parse_view({"layer": "conv2"}), group_blocks(run, model), run)
        assert view.layer == "conv1"
        assert view.notices == ("conv2 cannot be shown: weights not installed.",)


class TestLayout:
    def test_auto_is_56_from_56_cells_on(self) -> None:
        assert wall_tile([256, 56, 56], "auto") == 56
        assert wall_tile([512, 28, 28], "auto") == 28
        assert wall_tile([512, 28, 28], "112") == 112

    def test_few_maps_take_larger_tiles(self) -> None:
        assert wall_tile([6, 28, 28], "auto") == 112
        assert wall_tile([10, 24, 24], "auto") == 56
        assert wall_tile([1000], "auto") == 28

    def test_tiles_of_wide_maps_are_as_low_as_the_maps(self) -> None:
        assert tile_height([64, 224, 224], 56) == 56
        assert tile_height([64, 75, 112], 56) == 38
        assert tile_height([64, 112, 75], 56) == 56

    def test_walls_have_their_height_before_a_value_is_computed(self) -> None:
        run, model = two_convolutions()
        for entry in run["layers"]:
            entry["shape"] = [512, 14, 14]
        skeleton = explore_context(View(), run, model, IMAGE, [], [])["blocks"][0]["skeleton"]
        assert (skeleton["width"], skeleton["height"]) == (696, 22 * 29 - 1)
        assert skeleton["rest_width"] == (512 - 21 * 24) * 29

    @pytest.mark.parametrize(
        ("shape", "box"),
        [
            ([3, 224, 224], (224, 224, False)),
            ([3, 32, 32], (224, 224, True)),
            ([1, 4, 4], (224, 224, True)),
            ([3, 300, 451], (224, 149, False)),
            ([3, 100, 50], (100, 200, True)),
            ([3, 1, 5000], (224, 1, False)),
        ],
    )
    def test_the_photo_is_enlarged_by_whole_factors_only(self, shape: list[int], box: tuple[int, int, bool]) -> None:
        photo = photo_box(shape)
        assert (photo["width"], photo["height"], photo["enlarged"]) == box

    def test_the_page_opens_on_the_deepest_field_of_a_seventh(self) -> None:
        run, model = two_convolutions()
        for entry, size in zip(run["layers"], (3, 3, 4, 5, 5), strict=True):
            entry["receptive_field"] = {**entry["receptive_field"], "size": [size, size]}
        blocks = group_blocks(run, model)
        assert opening_block(blocks, [3, 35, 35]).name == "conv2"  # type: ignore[union-attr]
        assert opening_block(blocks, [3, 34, 34]).name == "conv1"  # type: ignore[union-attr]
        assert opening_block(blocks, [3, 7, 7]).name == "conv1"  # type: ignore[union-attr]


class TestTower:
    def test_boxes_stand_one_above_the_other_within_the_panel(self) -> None:
        run, model = two_convolutions()
        boxes = standing(group_blocks(run, model), [3, 32, 32])
        assert [box.name for box in boxes] == ["input", "conv1", "pool1", "conv2"]
        assert all(above.y + above.height < below.y for above, below in pairwise(boxes))
        assert total_height(boxes) == HEIGHT
        assert boxes[1].width == 44
        assert boxes[3].width == round(44 * 0.5**0.5)

    def test_names_of_a_very_deep_network_do_not_overlap(self) -> None:
        layers = [layer(f"conv{i}", "conv", "input", [64, 8, 8], spec={"kernel": 3}) for i in range(300)]
        boxes = standing(group_blocks(*network(*layers)), [3, 32, 32])
        named = [box.text_y for box in boxes if box.text_y is not None]
        assert all(below - above >= 13 for above, below in pairwise(named))
        assert len(boxes) == 301

    def test_lying_boxes_fit_a_phone_and_share_a_name_a_stage(self) -> None:
        conv = {"spec": {"kernel": 3}}
        run, model = network(
            layer("conv1_1", "conv", "input", [64, 32, 32], **conv),
            layer("conv1_2", "conv", "conv1_1", [64, 32, 32], **conv),
            layer("pool1", "maxpool", "conv1_2", [64, 16, 16], spec={"kernel": 2}),
            layer("conv2_1", "conv", "pool1", [128, 16, 16], **conv),
        )
        boxes = lying(group_blocks(run, model), [3, 32, 32])
        assert [box.label for box in boxes if box.text_y is not None] == ["conv1", "conv2"]
        assert boxes[-1].x + boxes[-1].width <= 390
        assert [box.stage for box in boxes] == [0, 0, 0, 1]


class TestContext:
    def test_the_context_is_complete_without_a_computed_value(self) -> None:
        run, model = two_convolutions()
        samples = [{**IMAGE, "name": "cat.png"}]
        context = explore_context(
            parse_view({"map": "3"}), run, model, IMAGE, samples, [{"name": "net", "title": "Net"}]
        )
        assert context["image_name"] == "cat.png"
        assert context["title"] == "conv2 of Net, cat.png · convscope"
        assert [entry["open"] for entry in context["blocks"]] == [True, False, True]
        assert [entry["current"] for entry in context["blocks"]] == [False, False, True]
        assert context["missing"] is None
        assert context["page_data"]["view"]["map"] == 3
        assert context["urls"]["input"] == f"/api/v1/runs/{'a' * 32}/input?format=png"

    def test_missing_weights_name_the_last_layer_reached_and_the_command(self) -> None:
        run, model = two_convolutions()
        for entry in run["layers"][3:]:
            entry.update(available=False, reason="weights not installed")
        context = explore_context(View(), run, model, IMAGE, [], [])
        assert context["missing"]["stops_at"] == "pool1"
        assert context["missing"]["command"] == "convscope weights install net"
        assert [entry["status"] for entry in context["blocks"]] == ["", "", "not installed"]
        assert [box.kind for box in context["tower"]] == ["input", "layer", "pool", "missing"]

    def test_a_network_of_which_nothing_can_be_computed_still_has_a_page(self) -> None:
        run, model = two_convolutions()
        for entry in run["layers"]:
            entry.update(available=False, reason="too many parameters")
        context = explore_context(View(), run, model, IMAGE, [], [])
        assert context["page_data"]["view"]["layer"] is None
        assert context["notices"] == ("No layer of this network can be computed.",)
        assert context["missing"]["stops_at"] == "input"

    def test_only_networks_that_take_the_image_are_offered(self) -> None:
        models = [{"name": name, "input": [c, 4, 4]} for name, c in (("rgb", 3), ("grey", 1), ("maps", 64))]
        assert [m["name"] for m in usable_models(models, IMAGE)] == ["rgb", "grey"]
        array = {**IMAGE, "kind": "array", "shape": [64, 8, 8]}
        assert [m["name"] for m in usable_models(models, array)] == ["maps"]
