"""What comparisons of two runs look like as JSON."""

from typing import Literal

from pydantic import BaseModel, Field


class MapDifferenceSchema(BaseModel):
    """One map of a layer."""

    index: int
    norm: float | None = Field(description="‖B − A‖")
    relative: float | None = Field(description="‖B − A‖ / ‖A‖; null where A is zero and B is not")
    max_abs: float | None = Field(description="largest |B − A|")


class MoveSchema(BaseModel):
    """How B was moved back for this layer, in its cells [down, right]."""

    cells: list[float] | None = Field(description="the shift in cells; null where cells do not move with the image")
    by: list[int] = Field(description="the whole cells that were undone; halves towards zero")
    whole: bool = Field(description="whether that undoes the shift exactly")


class RegionSchema(BaseModel):
    """The cells of A that were compared."""

    top: int
    left: int
    height: int
    width: int


class LayerDifferenceSchema(BaseModel):
    """A layer of A beside its partner in B. What could not be compared has null in place of numbers, and a reason."""

    index: int = Field(description="the layer's index in A; −1 for the input")
    name: str
    op: str | None = Field(description="null for the input")
    shape: list[int]
    partner: str | None = Field(description="the layer of B")
    state: Literal["compared", "other shape", "missing", "unavailable", "left out"]
    reason: str | None
    equal: bool | None = Field(description="whether all compared values are the same bit for bit")
    relative: float | None = Field(description="‖B − A‖ / ‖A‖; null also where A is zero and B is not")
    norm: float | None = Field(description="‖B − A‖, Euclidean, over all compared values")
    reference_norm: float | None = Field(description="‖A‖; null for a layer that both runs share")
    max_abs: float | None = Field(description="largest |B − A|")
    move: MoveSchema | None
    region: RegionSchema | None
    inside: bool | None = Field(
        description="whether the compared cells see only what both images show, and no padding: differences are then "
        "those of the images, not of their edges"
    )
    maps: list[MapDifferenceSchema] = Field(description="the most different first")


class DifferencesSchema(BaseModel):
    """Two runs compared."""

    a: str
    b: str
    matched_by: Literal["position", "name"]
    tolerance: float
    shift: list[int] = Field(description="[down, right] in pixels of the input")
    border: int
    first: str | None = Field(description="the first layer whose relative difference is above the tolerance")
    equal: bool = Field(description="whether every layer was compared or unavailable, and all compared are equal")
    input: LayerDifferenceSchema
    layers: list[LayerDifferenceSchema]
    only_in_b: list[str] = Field(description="layers of B that no layer of A goes with")
