"""What the compare page shows, from the REST API's JSON: pure data, no request, no store, no computed value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import __version__
from ..service.pairs import Alteration
from .compare_view import USUAL_BORDER, CompareView
from .explore import image_name, opening_block, photo_box, usable_models, volume
from .explore_blocks import Block, group_blocks

PHOTO_SIDE = 160
# Layers that pass their input's values on unchanged: what differs in them differs before.
PASSING = {"flatten", "dropout"}

Json = Mapping[str, Any]


class Side:
    """One side of the comparison: a run with its network and image, all the REST API's JSON."""

    def __init__(self, run: Json, model: Json, image: Json) -> None:
        self.run = run
        self.model = model
        self.image = image
        self.blocks = group_blocks(run, model)


def compare_context(
    view: CompareView, a: Side, b: Side | None, samples: Sequence[Json], models: Sequence[Json]
) -> dict[str, Any]:
    """Everything that `compare.html` needs; `samples` are image JSON with a `name`, `models` summaries.

    Where the view says swap, `a` is still the side that the address names first; the page shows it as B. The view
    is completed: its layer, its border, and any place that does not fit replaced with a notice.
    """
    alteration = alteration_between(view, a, b)
    names = _names(alteration, a, b, samples)
    shift = shift_of(alteration)
    sides = [a, b]
    if view.swap and b is not None:
        sides, names, shift = [b, a], names[::-1], [-pixels for pixels in shift]
    first, second = sides
    assert first is not None
    rows = pair_rows(first, second)
    border = usual_border(first.run["input"]["shape"]) if any(shift) else 0
    view = complete_view(view, rows, first, shift)
    data = {
        "version": __version__,
        "view": view.as_json(),
        "defaults": {"border": border},
        "shift": shift,
        "a": _side_data(first, names[0]),
        "b": _side_data(second, names[1]) if second else None,
        "rows": rows,
        "stuck": why_not_moved(alteration, a, b),
    }
    return {
        "page_data": data,
        "view": view,
        "notices": view.notices,
        "title": f"{names[0]} and {names[1]}, {first.model.get('title') or first.model['name']} · convscope",
        "alteration": alteration or Alteration(),
        "is_altered": alteration is not None,
        "is_array": a.image["kind"] == "array",
        "border": border if view.border is None else view.border,
        "shift": shift,
        "stuck": data["stuck"],
        "a": data["a"],
        "b": data["b"],
        "rows": rows,
        "samples": list(samples),
        "models": usable_models(models, a.image),
        "models_b": [model for model in models if model["input"][0] == first.run["input"]["shape"][0]],
        "model": first.model,
        "model_title": first.model.get("title") or first.model["name"],
        "keep": kept_fields(view),
        "links": links(view, a),
    }


def pair_rows(a: Side, b: Side | None) -> list[dict[str, Any]]:
    """The layers that can be looked at, in order: each block of A with its partner in B.

    Layers go together as in the API's differences: by position where both networks have the same ops, else by name.
    `status` says why a row cannot be shown: not available, missing in B, another shape.
    """
    partners = _partners(a.run["layers"], b.run["layers"]) if b else {}
    blocks = [block for block in a.blocks if block.op not in PASSING]
    return [_row(block, partners.get(block.after), b is not None) for block in blocks]


def _partners(ours: Sequence[Json], theirs: Sequence[Json]) -> dict[str, Json]:
    if [layer["op"] for layer in ours] == [layer["op"] for layer in theirs]:
        return {mine["name"]: layer for mine, layer in zip(ours, theirs, strict=True)}
    by_name = {layer["name"]: layer for layer in theirs}
    return {mine["name"]: by_name[mine["name"]] for mine in ours if mine["name"] in by_name}


def _row(block: Block, partner: Json | None, has_b: bool) -> dict[str, Any]:
    status = ""
    if not block.available:
        status = (block.reason or "not available").split(":")[0]
    elif has_b and partner is None:
        status = "not in B"
    elif partner is not None and tuple(partner["shape"]) != block.shape:
        status = "other shape"
    elif partner is not None and not partner["available"]:
        status = "not available in B"
    return {
        "name": block.name,
        "layers": block.layers,
        "layer": block.after,
        "partner": partner["name"] if partner else None,
        "operation": block.operation,
        "operation_before": block.operation_before,
        "function": block.function,
        "shape": block.shape,
        "available": not status,
        "status": status,
        "receptive_field": block.receptive_field,
        "receptive_field_b": partner["receptive_field"] if partner else None,
    }


def usual_border(shape: Sequence[int]) -> int:
    """The pixels left out on every side of a moved photo: a seventh of the input's shorter side, at most 32."""
    return min(USUAL_BORDER, min(shape[1:]) // 7)


def shift_of(alteration: Alteration | None) -> list[int]:
    """How far B lies from A, [down, right] in pixels of the input; [0, 0] where it cannot be moved back."""
    return list(alteration.shift) if alteration and alteration.keeps_grid else [0, 0]


def alteration_between(view: CompareView, a: Side, b: Side | None) -> Alteration | None:
    """How B's photo was made of A's: as the address says, or as B's image itself records; None where neither does.

    What an image records are pixels of the image, so it counts only where A's network saw A's image as it is.
    """
    if b is None or (view.b is None and view.image_b is None):
        return view.alteration if b is not None else None
    variant = b.image.get("variant")
    as_it_is = list(a.run["input"]["shape"][1:]) == [a.image["height"], a.image["width"]]
    if not variant or variant["of"] != a.image["id"] or not as_it_is:
        return None
    made = [step for change in variant["changes"] for step in change.items()]
    if any(op not in {"shift", "blur", "noise"} for op, _ in made):
        return None
    moved = [setting for op, setting in made if op == "shift"]
    return Alteration(
        down=sum(down for down, _ in moved),
        right=sum(right for _, right in moved),
        blur=max((radius for op, radius in made if op == "blur"), default=0.0),
        noise=max((noise["sigma"] for op, noise in made if op == "noise"), default=0.0),
    )


def why_not_moved(alteration: Alteration | None, a: Side, b: Side | None) -> str:
    """Why *Move B back* is off, empty where it is not."""
    if b is None:
        return "There is no B yet"
    if alteration is None:
        return "B is the same photo, not moved" if b.image["id"] == a.image["id"] else "B is another photo"
    if not alteration.keeps_grid:
        return "A photo that is turned, enlarged or cropped has no whole shift"
    return "" if alteration.shift != (0, 0) else "B is not moved"


def complete_view(view: CompareView, rows: Sequence[Json], a: Side, shift: Sequence[int]) -> CompareView:
    """The view with its layer named by its row and its place checked against the shapes."""
    row = _row_of(rows, view.layer) if view.layer else None
    if view.layer and (row is None or not row["available"]):
        reason = f"it has no layer {view.layer}" if row is None else f"{view.layer}: {row['status']}"
        view = view.noticed(f"The layer in the address cannot be compared: {reason}.", map=None, y=None, x=None)
        row = None
    row = row or opening_row(rows, a, shift)
    if row is None:
        return replace(view.noticed("No layer can be compared."), layer=None, map=None, y=None, x=None)
    view = replace(view, layer=row["name"])
    maps, height, width = volume(row["shape"])
    if view.map is not None and view.map >= maps:
        view = view.noticed(f"{row['name']} has {maps} maps; map {view.map} was left out.", map=None)
    if (view.y or 0) >= height or (view.x or 0) >= width:
        view = view.noticed(f"{row['name']} has {height}×{width} cells a map; the place was left out.", y=None, x=None)
    return view


def opening_row(rows: Sequence[Json], a: Side, shift: Sequence[int]) -> Json | None:
    """The row that the page opens on: the first that a shift does not move by whole cells, else the explorer's."""
    usable = [row for row in rows if row["available"]]
    if any(shift):
        for row in usable:
            field = row["receptive_field"]
            stride = field and not field["whole"] and field["stride"]
            if stride and any(pixels % step for pixels, step in zip(shift, stride, strict=True)):
                return row
    block = opening_block(a.blocks, a.run["input"]["shape"])
    named = _row_of(usable, block.name) if block else None
    return named or next(iter(usable), None)


def _row_of(rows: Sequence[Json], layer: str) -> Json | None:
    return next((row for row in rows if layer == row["name"] or layer in row["layers"]), None)


def _names(alteration: Alteration | None, a: Side, b: Side | None, samples: Sequence[Json]) -> list[str]:
    """What the two sides are called."""
    first = image_name(a.image, samples)
    if b is None:
        return [first, "B"]
    if b.run["edits"]:
        count = len(b.run["edits"])
        return [first, f"the same photo, {count} edit{'s' if count > 1 else ''}"]
    same = "the same array" if a.image["kind"] == "array" else "the same photo"
    if alteration is not None:
        return [first, f"{same}{_comma(words(alteration))}"]
    if b.image["id"] == a.image["id"]:
        return [first, f"{same}{_comma(_other_network(a, b))}"]
    return [first, image_name(b.image, samples)]


def _other_network(a: Side, b: Side) -> str:
    """B's network where it is another one, and that its weights are nobody's where they are."""
    if a.model["id"] == b.model["id"]:
        return ""
    title: str = b.model.get("title") or b.model["name"]
    return f"{title}, random weights" if b.model["weights"]["kind"] == "seeded" else title


def _comma(text: str) -> str:
    return f", {text}" if text else ""


def words(alteration: Alteration) -> str:
    """What was done, in a few words: `moved`, `turned, with noise`; empty where nothing was."""
    done = {
        "moved": alteration.shift != (0, 0),
        "turned": alteration.turn != 0,
        "enlarged": alteration.zoom != 100,
        "cropped": alteration.crop != 0,
        "with noise": alteration.noise != 0,
        "blurred": alteration.blur != 0,
    }
    return ", ".join(word for word, is_so in done.items() if is_so)


def _side_data(side: Side, name: str) -> dict[str, Any]:
    box = photo_box(side.run["input"]["shape"], PHOTO_SIDE)
    return {
        "name": name,
        "run": {key: side.run[key] for key in ("id", "image", "model_name", "size", "fit", "edits", "input")},
        "model": {"id": side.model["id"], "name": side.model["name"], "title": side.model.get("title")},
        "image": side.image,
        "photo": box,
        "input": f"/api/v1/runs/{side.run['id']}/input?format=png",
        "thumbnail": f"/api/v1/images/{side.image['id']}?max_side=96" if side.image["kind"] == "photo" else None,
    }


def kept_fields(view: CompareView) -> dict[str, Any]:
    """The parameters that say what A is and what is shown, for the form that changes B."""
    names = ("a", "image", "model", "size", "model_b", "layer")
    kept = {name: getattr(view, name) for name in names}
    kept["fit"] = view.fit if view.fit != "crop" else None
    return {name: value for name, value in kept.items() if value is not None}


def links(view: CompareView, a: Side) -> dict[str, dict[str, Any]]:
    """Parameters to which a menu's entry adds its own: another photo or network for A, another of either for B."""
    kept = kept_fields(view)
    b = {name: value for name, value in (("b", view.b), ("image_b", view.image_b)) if value is not None}
    b |= altered_fields(view.alteration) if view.alteration else {}
    photo_a = {"image": a.image["id"], **without(kept, "a", "model", "layer", "size", "fit", "image")}
    return {
        "a": {**without(kept, "a", "image"), **without(b, "b")},
        "b": without(kept, "model_b"),
        "network": {**without(kept, "model_b"), **without(b, "b")},
        "model": {**photo_a, **without(b, "b")},
        "swap": {**kept, **b, **({} if view.swap else {"swap": 1})},
    }


def without(parameters: Json, *names: str) -> dict[str, Any]:
    """The parameters less some."""
    return {name: value for name, value in parameters.items() if name not in names}


def altered_fields(alteration: Alteration) -> dict[str, Any]:
    """The fields of an alteration that change something; all of `right` where none does."""
    usual = Alteration()
    names = ("right", "down", "turn", "zoom", "crop", "blur", "noise")
    changed = {name: getattr(alteration, name) for name in names if getattr(alteration, name) != getattr(usual, name)}
    return changed or {"right": 0}
