"""The compare page's context: the address, which layers go together, what is named and linked, on runs written out."""

from dataclasses import replace
from typing import Any

import pytest

from app.service.pairs import Alteration
from app.web.compare import (
    Side,
    alteration_between,
    altered_fields,
    compare_context,
    pair_rows,
    shift_of,
    usual_border,
    why_not_moved,
    words,
)
from app.web.compare_view import CompareView, parse_compare_view

Json = dict[str, Any]
CAT: Json = {"id": "c" * 32, "kind": "photo", "width": 64, "height": 64, "shape": [3, 64, 64], "notes": []}
DOG: Json = {**CAT, "id": "d" * 32}
SAMPLES = [{**CAT, "name": "cat.png"}, {**DOG, "name": "dog.png"}]


def layer(name: str, op: str, shape: list[int], stride: int, *, available: bool = True) -> Json:
    field = {"size": [3, 3], "stride": [stride, stride], "padding": [1, 1], "whole": False}
    return {
        "name": name,
        "op": op,
        "from": ["input"],
        "shape": shape,
        "available": available,
        "reason": None if available else "weights not installed: fc",
        "parameters": 0,
        "multiply_adds": 0,
        "receptive_field": field,
    }


def chain(*layers: Json) -> list[Json]:
    names = ["input", *(each["name"] for each in layers)]
    return [{**each, "from": [names[index]]} for index, each in enumerate(layers)]


def side(
    image: Json = CAT, layers: list[Json] | None = None, run: str = "a" * 32, weights: str = "shipped", **more: Any
) -> Side:
    rows = usual_layers() if layers is None else layers
    entry = {
        "id": run,
        "image": image["id"],
        "model": "b" * 32,
        "model_name": "net",
        "size": 32,
        "fit": "crop",
        "edits": [],
        "input": {"shape": [3, 32, 32]},
        "layers": rows,
        "weights": {"install": None},
        **more,
    }
    spec = {"layers": [{"op": each["op"], **({"kernel": 3} if each["op"] == "conv" else {})} for each in rows]}
    model = {"id": entry["model"], "name": entry["model_name"], "title": entry["model_name"].title(), "spec": spec}
    model["weights"] = {"kind": weights}
    return Side(entry, model, image)


def usual_layers() -> list[Json]:
    return chain(
        layer("conv1", "conv", [6, 32, 32], 1),
        layer("relu1", "relu", [6, 32, 32], 1),
        layer("pool1", "maxpool", [6, 16, 16], 2),
        layer("conv2", "conv", [8, 8, 8], 4),
        layer("flatten", "flatten", [512], 4),
        layer("fc", "linear", [10], 4, available=False),
    )


def context(view: CompareView, a: Side | None = None, b: Side | None = None) -> Json:
    return compare_context(view, a or side(), b, SAMPLES, [{"name": "net", "title": "Net", "input": [3, 32, 32]}])


class TestAddress:
    def test_an_address_without_anything_moves_a_photo_by_four_pixels(self) -> None:
        assert parse_compare_view({}).alteration == Alteration(right=4)

    def test_an_image_alone_leaves_b_to_be_chosen(self) -> None:
        view = parse_compare_view({"image": "c" * 32})
        assert not view.has_b

    @pytest.mark.parametrize(
        "parameters",
        [{"b": "e" * 32}, {"image_b": "d" * 32}, {"model_b": "vgg11"}, {"right": "0"}, {"noise": "12.5"}],
        ids=lambda parameters: next(iter(parameters)),
    )
    def test_whatever_says_what_b_is_counts(self, parameters: dict[str, str]) -> None:
        assert parse_compare_view({"image": "c" * 32, **parameters}).has_b

    def test_all_amounts_are_read(self) -> None:
        text = {"right": "-3", "down": "8", "turn": "-7.5", "zoom": "120", "noise": "10", "blur": "1.5", "crop": "4"}
        view = parse_compare_view(text)
        assert view.alteration == Alteration(right=-3, down=8, turn=-7.5, zoom=120, noise=10.0, blur=1.5, crop=4)
        assert view.notices == ()

    @pytest.mark.parametrize(
        ("name", "text", "fits"),
        [
            ("right", "2000", "a whole number from -1,024 to 1,024"),
            ("turn", "nan", "a number from -180 to 180"),
            ("zoom", "50", "a whole number from 100 to 400"),
            ("border", "-1", "a whole number from 0 to 1,024"),
            ("scale", "mine", "one of shared, each"),
            ("back", "yes", "one of 0, 1"),
            ("a", "../../etc", "a name of at most 64"),
        ],
    )
    def test_a_wrong_value_is_left_out_and_said(self, name: str, text: str, fits: str) -> None:
        view = parse_compare_view({"image": "c" * 32, name: text})
        assert not view.has_b
        assert len(view.notices) == 1
        assert name in view.notices[0]
        assert fits in view.notices[0]

    def test_the_amounts_stand_beside_the_other_fields_for_the_browser(self) -> None:
        values = parse_compare_view({"right": "4", "layer": "conv1"}).as_json()
        assert (values["right"], values["zoom"], values["layer"]) == (4, 100, "conv1")
        assert "alteration" not in values
        assert "right" not in parse_compare_view({"image": "c" * 32}).as_json()

    def test_without_b_it_says_why(self) -> None:
        view = parse_compare_view({"right": "300", "swap": "1"}).without_b("A shift leaves nothing.", "less than 224")
        assert not view.has_b
        assert view.notices == ("B cannot be made. A shift leaves nothing. Fits: less than 224.",)


class TestAlteration:
    @pytest.mark.parametrize(
        ("alteration", "shift"),
        [
            (Alteration(right=4, down=-2), [-2, 4]),
            (Alteration(right=4, noise=10, blur=1), [0, 4]),
            (Alteration(right=4, turn=1), [0, 0]),
            (Alteration(right=4, zoom=110), [0, 0]),
            (Alteration(right=4, crop=2), [0, 0]),
            (None, [0, 0]),
        ],
    )
    def test_only_what_keeps_the_grid_can_be_moved_back(self, alteration: Alteration | None, shift: list[int]) -> None:
        assert shift_of(alteration) == shift

    def test_it_is_told_in_a_few_words(self) -> None:
        assert words(Alteration(right=4)) == "moved"
        assert words(Alteration(turn=5, noise=3)) == "turned, with noise"
        assert words(Alteration()) == ""

    def test_an_unchanged_photo_still_says_that_b_is_chosen(self) -> None:
        assert altered_fields(Alteration()) == {"right": 0}
        assert altered_fields(Alteration(down=3, blur=2.0)) == {"down": 3, "blur": 2.0}

    @pytest.mark.parametrize(
        ("alteration", "b", "reason"),
        [
            (None, None, "no B yet"),
            (None, side(DOG), "another photo"),
            (None, side(model="f" * 32), "not moved"),
            (Alteration(turn=3), side(DOG), "turned"),
            (Alteration(noise=3), side(DOG), "B is not moved"),
        ],
    )
    def test_the_reason_is_given_where_it_cannot(
        self, alteration: Alteration | None, b: Side | None, reason: str
    ) -> None:
        assert reason in why_not_moved(alteration, side(), b)

    def test_a_moved_photo_can_be_moved_back(self) -> None:
        assert why_not_moved(Alteration(down=3), side(), side(DOG)) == ""

    @pytest.mark.parametrize(
        ("changes", "alteration"),
        [
            ([{"shift": [4, 0]}, {"shift": [1, -2]}], Alteration(down=5, right=-2)),
            ([{"shift": [4, 0]}, {"noise": {"sigma": 3.0, "seed": 0}}], Alteration(down=4, noise=3.0)),
            ([{"shift": [4, 0]}, {"rotate": 5}], None),
        ],
    )
    def test_an_image_that_records_its_shift_can_be_moved_back(
        self, changes: list[Json], alteration: Alteration | None
    ) -> None:
        small = {**CAT, "width": 32, "height": 32}
        moved = side({**DOG, "variant": {"of": CAT["id"], "changes": changes}}, run="e" * 32)
        view = CompareView(a="a" * 32, b="e" * 32)
        assert alteration_between(view, side(small), moved) == alteration
        assert alteration_between(view, side(CAT), moved) is None, "A's network saw it resampled"
        assert alteration_between(view, side({**small, "id": "0" * 32}), moved) is None, "made of another image"


class TestRows:
    def test_blocks_stand_for_their_layers_and_what_passes_values_on_is_left_out(self) -> None:
        rows = pair_rows(side(), side(run="e" * 32))
        assert [(row["name"], row["layer"], row["partner"]) for row in rows] == [
            ("conv1", "relu1", "relu1"),
            ("pool1", "pool1", "pool1"),
            ("conv2", "conv2", "conv2"),
            ("fc", "fc", "fc"),
        ]

    def test_what_is_not_there_says_so(self) -> None:
        rows = pair_rows(side(), None)
        assert [row["status"] for row in rows] == ["", "", "", "weights not installed"]
        assert [row["available"] for row in rows] == [True, True, True, False]

    def test_networks_of_the_same_ops_go_together_by_position(self) -> None:
        other = [{**each, "name": f"other_{each['name']}"} for each in usual_layers()]
        rows = pair_rows(side(), side(layers=chain(*other)))
        assert [row["partner"] for row in rows] == ["other_relu1", "other_pool1", "other_conv2", "other_fc"]

    def test_other_networks_go_together_by_name_and_shape(self) -> None:
        other = chain(
            layer("conv1", "conv", [6, 32, 32], 1),
            layer("relu1", "relu", [6, 32, 32], 1),
            layer("conv2", "conv", [8, 4, 4], 8),
        )
        rows = pair_rows(side(), side(layers=other))
        assert [(row["name"], row["status"]) for row in rows[:3]] == [
            ("conv1", ""),
            ("pool1", "not in B"),
            ("conv2", "other shape"),
        ]


class TestContext:
    def test_it_opens_on_the_first_layer_that_a_shift_does_not_move_by_whole_cells(self) -> None:
        view = CompareView(alteration=Alteration(right=2))
        assert context(view, b=side(DOG))["view"].layer == "conv2"
        assert context(replace(view, alteration=Alteration(right=1)), b=side(DOG))["view"].layer == "pool1"

    def test_layers_that_see_the_whole_input_do_not_move(self) -> None:
        whole = {"size": [32, 32], "stride": [0, 0], "padding": [0, 0], "whole": True}
        rows = chain({**layer("fc", "linear", [10], 1), "receptive_field": whole})
        shown = context(CompareView(alteration=Alteration(right=1)), side(layers=rows), side(DOG, layers=rows))
        assert shown["view"].layer == "fc"

    def test_a_border_is_left_out_only_where_the_photo_is_moved(self) -> None:
        moved = CompareView(alteration=Alteration(right=4))
        assert context(moved, b=side(DOG))["page_data"]["defaults"] == {"border": 4}
        assert context(CompareView(image_b=DOG["id"]), b=side(DOG))["page_data"]["defaults"] == {"border": 0}
        assert context(replace(moved, border=5), b=side(DOG))["border"] == 5

    @pytest.mark.parametrize(("shape", "border"), [([3, 224, 224], 32), ([3, 448, 448], 32), ([3, 32, 64], 4)])
    def test_the_border_fits_the_input(self, shape: list[int], border: int) -> None:
        assert usual_border(shape) == border

    def test_swapping_exchanges_sides_names_and_the_shift(self) -> None:
        view = CompareView(alteration=Alteration(right=4), swap=True)
        data = context(view, b=side(DOG, run="e" * 32))["page_data"]
        assert data["a"]["run"]["id"] == "e" * 32
        assert (data["a"]["name"], data["b"]["name"]) == ("the same photo, moved", "cat.png")
        assert data["shift"] == [0, -4]

    @pytest.mark.parametrize(
        ("view", "b", "name"),
        [
            (CompareView(image_b=DOG["id"]), side(DOG), "dog.png"),
            (CompareView(alteration=Alteration(blur=2.0)), side(DOG), "the same photo, blurred"),
            (CompareView(model_b="big"), side(model="f" * 32, model_name="big"), "the same photo, Big"),
            (
                CompareView(model_b="big"),
                side(model="f" * 32, model_name="big", weights="seeded"),
                "the same photo, Big, random weights",
            ),
            (CompareView(b="e" * 32), side(edits=[{}, {}]), "the same photo, 2 edits"),
            (CompareView(alteration=Alteration()), side(), "the same photo"),
            (CompareView(alteration=Alteration()), side({**CAT, "kind": "array"}), "the same array"),
        ],
    )
    def test_b_is_called_what_it_is(self, view: CompareView, b: Side, name: str) -> None:
        a = side({**CAT, "kind": b.image["kind"]})
        assert context(view, a, b)["page_data"]["b"]["name"] == name

    def test_a_layer_without_values_is_replaced_and_said(self) -> None:
        shown = context(CompareView(layer="fc", image_b=DOG["id"]), b=side(DOG))
        assert shown["view"].layer != "fc"
        assert "weights not installed" in shown["notices"][0]

    @pytest.mark.parametrize(
        ("channel", "row", "says"),
        [(6, None, "6 maps"), (1, 32, "32×32 cells")],
    )
    def test_a_place_outside_the_layer_is_left_out_and_said(self, channel: int, row: int | None, says: str) -> None:
        shown = context(CompareView(layer="conv1", image_b=DOG["id"], map=channel, y=row, x=row), b=side(DOG))
        assert says in shown["notices"][0]
        assert shown["view"].y is None

    def test_an_inner_layer_is_shown_as_its_block(self) -> None:
        assert context(CompareView(layer="relu1", image_b=DOG["id"]), b=side(DOG))["view"].layer == "conv1"

    def test_links_keep_what_they_do_not_change(self) -> None:
        view = CompareView(image=CAT["id"], model="net", alteration=Alteration(right=4), layer="pool1")
        links = context(view, b=side(DOG))["links"]
        assert links["a"] == {"model": "net", "layer": "pool1", "right": 4}
        assert links["b"] == {"image": CAT["id"], "model": "net", "layer": "pool1"}
        assert links["swap"] == {"image": CAT["id"], "model": "net", "layer": "pool1", "right": 4, "swap": 1}
        assert links["model"] == {"image": CAT["id"], "right": 4}

    def test_swapping_twice_is_the_first_address(self) -> None:
        view = CompareView(a="a" * 32, b="e" * 32, swap=True)
        assert context(view, b=side(DOG))["links"]["swap"] == {"a": "a" * 32, "b": "e" * 32, "layer": "conv2"}
