"""What the explorer page shows, from the REST API's JSON: pure data, no request, no store, no computed value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from .. import __version__
from . import explore_tower as tower
from .explore_blocks import Block, block_of, function_name, group_blocks
from .explore_format import count, digits
from .explore_view import FITS, View

PHOTO_SIDE = 224
PHOTO_CHANNELS = (1, 3)
WALL_WIDTHS = {28: 695, 56: 694, 112: 692}
WALL_COLUMNS = {28: 24, 56: 12, 112: 6}
WALL_GAPS = {28: 1, 56: 2, 112: 4}
LOWEST_TILE = 14
# A receptive field of a seventh of the photo points at a detail and is large enough to hold one.
OPENING_FIELD = 1 / 7

Json = Mapping[str, Any]


def explore_context(
    view: View, run: Json, model: Json, image: Json, samples: Sequence[Json], models: Sequence[Json]
) -> dict[str, Any]:
    """Everything that `explore.html` needs; `run`, `model` and `image` are the REST API's JSON.

    `samples` are image JSON with a `name`, `models` have `name`, `title` and perhaps `parameters`. Nothing
    is computed: the layout follows from shapes. The view is completed: its block, and any value that does
    not fit this run replaced with a notice.
    """
    blocks = group_blocks(run, model)
    view = complete_view(view, blocks, run)
    shape = run["input"]["shape"]
    standing = tower.standing(blocks, shape)
    lying = tower.lying(blocks, shape)
    block = block_of(blocks, view.layer) if view.layer else None
    data = {
        "version": __version__,
        "view": view.as_json(),
        "photo_model": run["model_name"] if run["input"]["shape"][0] in PHOTO_CHANNELS else None,
        "run": run,
        "model": model,
        "image": image,
        "samples": list(samples),
        "models": usable_models(models, image),
        "blocks": [entry.as_json() for entry in blocks],
    }
    return {
        **data,
        "blocks": [column_entry(entry, view) for entry in blocks],
        "page_data": data,
        "notices": view.notices,
        "title": _title(view, image, samples, model),
        "image_name": image_name(image, samples),
        "model_title": model.get("title") or model["name"],
        "model_parameters": count(model["totals"]["parameters"]),
        "model_parameters_exact": digits(model["totals"]["parameters"]),
        "function": function_name(blocks),
        "block": block,
        "fits": [fit for fit in FITS if fit != "native" or run["fit"] == "native"],
        "photo": photo_box(shape),
        "atlas_query": atlas_query(view),
        "tower": standing,
        "tower_height": tower.total_height(standing),
        "tower_lying": lying,
        "missing": missing_weights(blocks, run),
        "patterns": [(tile, tile_height(shape, tile), gap) for tile, gap in WALL_GAPS.items()],
        "urls": page_urls(run, image),
        "compare_query": f"?image={run['image']}&model={run['model_name']}&right=4",
    }


def complete_view(view: View, blocks: Sequence[Block], run: Json) -> View:
    """The view with its block named and its place checked against the run's shapes."""
    view = _with_block(view, blocks, run)
    block = block_of(blocks, view.layer) if view.layer else None
    if block is None:
        return view.noticed("No layer of this network can be computed.") if not view.layer else view
    maps, height, width = volume(block.shape)
    if view.map is not None and view.map >= maps:
        last = maps - 1
        view = view.noticed(f"{block.name} has {maps} maps, 0 to {last}; map {view.map} was left out.", map=None)
    if (view.y is not None and view.y >= height) or (view.x is not None and view.x >= width):
        place = f"row {view.y}, column {view.x} was left out"
        view = view.noticed(f"{block.name} has {height}×{width} cells a map; {place}.", y=None, x=None)
    return view


def opening_block(blocks: Sequence[Block], input_shape: Sequence[int]) -> Block | None:
    """The block that the page opens on: the deepest whose field is at most a seventh of the photo's side."""
    usable = [block for block in blocks if block.available and not block.folded]
    if not usable:
        return next((block for block in blocks if block.available), None)
    most = OPENING_FIELD * min(input_shape[1:])
    small = [block for block in usable if _field_side(block) <= most]
    return (small or usable[:1])[-1]


def volume(shape: Sequence[int]) -> tuple[int, int, int]:
    """A layer's shape as maps, height and width; a vector of N values is N maps of one cell."""
    return (shape[0], 1, 1) if len(shape) == 1 else (shape[0], shape[1], shape[2])


def wall_tile(shape: Sequence[int], choice: str) -> int:
    """Side of a tile in pixels: 28, 56 or 112, as asked for or by the rule of `auto`.

    56 while a map has 56 cells or more a side, else 28; a layer whose maps all fit in one row of larger
    tiles takes the larger. `layout.js` holds the same rule for the browser.
    """
    if choice != "auto":
        return int(choice)
    maps, height, width = volume(shape)
    for tile in (112, 56):
        if maps <= WALL_COLUMNS[tile]:
            return tile
    return 56 if max(height, width) >= 56 else 28


def tile_height(shape: Sequence[int], tile: int) -> int:
    """Height of a tile in pixels: a square, but no taller than a map wider than high needs."""
    _, height, width = volume(shape)
    return max(LOWEST_TILE, ceil(tile * min(1, height / width)))


def column_entry(block: Block, view: View) -> dict[str, Any]:
    """A block as the template shows it: its texts and the skeleton of its wall in a column 744 px wide."""
    tile = wall_tile(block.shape, view.tile)
    columns, gap = WALL_COLUMNS[tile], WALL_GAPS[tile]
    maps = block.shape[0]
    tall = tile_height(block.shape, tile)
    full, rest = divmod(maps, columns)
    return {
        **block.as_json(),
        "open": block.available and block.folded == (block.name in view.fold),
        "current": block.name == view.layer,
        "status": status_text(block),
        "skeleton": {
            "tile": tile,
            "width": WALL_WIDTHS[tile] + gap,
            "height": (full + (rest > 0)) * (tall + gap) - gap,
            "full": full * (tall + gap),
            "rest_width": rest * (tile + gap),
            "rest_height": tall + gap,
        },
    }


def status_text(block: Block) -> str:
    """Why a block has no maps, in a few words: `not installed`, `waits for fc6`."""
    if block.available:
        return ""
    reason = (block.reason or "not available").split(":")[0]
    return "not installed" if reason == "weights not installed" else reason


def photo_box(shape: Sequence[int], side: int = PHOTO_SIDE) -> dict[str, Any]:
    """How the input (C×H×W) is shown: width and height in pixels within `side`, by a whole factor if enlarged."""
    height, width = shape[1], shape[2]
    longest = max(height, width)
    factor = side // longest if longest <= side else side / longest
    return {
        "width": max(1, round(width * factor)),
        "height": max(1, round(height * factor)),
        "columns": width,
        "rows": height,
        "enlarged": factor > 1,
    }


def missing_weights(blocks: Sequence[Block], run: Json) -> dict[str, Any] | None:
    """What to say under the column where weights are not there: the last layer reached and the command."""
    first = next((index for index, block in enumerate(blocks) if not block.available), None)
    if first is None:
        return None
    reached = next(
        (block.name for block in reversed(blocks[:first]) if block.op not in {"flatten", "dropout"}), "input"
    )
    return {"stops_at": reached, "reason": blocks[first].reason, "command": run["weights"].get("install")}


def usable_models(models: Sequence[Json], image: Json) -> list[Json]:
    """The networks that can take this image: a photo has one or three channels, an array its own number."""
    channels = (image["shape"][0],) if image.get("kind") == "array" else PHOTO_CHANNELS
    return [model for model in models if "input" not in model or model["input"][0] in channels]


def image_name(image: Json, samples: Sequence[Json]) -> str:
    """The file name of a sample, else what the image is."""
    known = next((sample["name"] for sample in samples if sample["id"] == image["id"]), None)
    return image.get("name") or known or ("Your array" if image.get("kind") == "array" else "Your photo")


def atlas_query(view: View) -> str:
    """The part of a wall's picture address that says how the view colours it."""
    norm = "" if view.norm == "map" else "&normalize=layer"
    return norm + ("" if view.colour == "auto" else f"&colormap={view.colour}")


def page_urls(run: Json, image: Json) -> dict[str, str]:
    """Addresses in the API that the template needs."""
    base = f"/api/v1/runs/{run['id']}"
    return {
        "run": base,
        "input": f"{base}/input?format=png",
        "layer": f"{base}/layers/",
        "thumbnail": f"/api/v1/images/{image['id']}?max_side=96",
        "images": "/api/v1/images/",
    }


def _with_block(view: View, blocks: Sequence[Block], run: Json) -> View:
    opening = opening_block(blocks, run["input"]["shape"])
    default = opening.name if opening else None
    if view.layer is None:
        return replace(view, layer=default)
    block = block_of(blocks, view.layer)
    if block is None:
        return view.noticed(f"{run['model_name']} has no layer {view.layer}.", layer=default, map=None, y=None, x=None)
    if not block.available:
        reason = block.reason or "its weights are not there"
        return view.noticed(f"{view.layer} cannot be shown: {reason}.", layer=default, map=None, y=None, x=None)
    opened = (*view.fold, block.name) if block.folded and block.name not in view.fold else view.fold
    return replace(view, layer=block.name, fold=opened)


def _field_side(block: Block) -> float:
    field = block.receptive_field
    if field is None or field["whole"]:
        return float("inf")
    return float(max(field["size"]))


def _title(view: View, image: Json, samples: Sequence[Json], model: Json) -> str:
    place = f"{view.layer} of " if view.layer else ""
    return f"{place}{model.get('title') or model['name']}, {image_name(image, samples)} · convscope"
