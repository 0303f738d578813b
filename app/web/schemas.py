"""What requests and answers look like as JSON; pinned fields keep their names, new ones may be added."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..net.edits import Edit
from ..service.images import Change, Fit


class VariantSchema(BaseModel):
    """Where a variant comes from."""

    of: str = Field(description="the image that was changed")
    changes: list[Change] = Field(description="what was done, in order")


class ImageSchema(BaseModel):
    """An image that runs can be made of."""

    id: str = Field(examples=["3f1a0b6c5d2e4f708192a3b4c5d6e7f8"])
    kind: Literal["photo", "array"]
    width: int
    height: int
    shape: list[int] = Field(description="C×H×W")
    format: str = Field(examples=["JPEG"])
    frames: int
    bytes: int
    notes: list[str] = Field(description="What was done to read or to make it.")
    variant: VariantSchema | None = Field(description="null for an image that was uploaded")


class ReceptiveFieldSchema(BaseModel):
    """Receptive field on the input, in pixels, per axis [height, width]."""

    size: list[int]
    stride: list[int] | None = Field(description="null where branches of different stride meet")
    padding: list[int] = Field(description="how far the first cell's field starts before the first pixel")
    whole: bool = Field(description="true where every value sees the whole input")


class LayerSchema(BaseModel):
    """One layer's arithmetic."""

    model_config = ConfigDict(populate_by_name=True)

    index: int
    name: str
    op: str
    from_: list[str] = Field(alias="from")
    input_shape: list[int]
    output_shape: list[int]
    parameters: int
    parameter_shapes: dict[str, list[int]]
    multiply_adds: int
    receptive_field: ReceptiveFieldSchema
    formula: str | None = Field(None, description="the output size worked out, where a window slides")
    signed: bool = Field(description="whether values may be negative")
    available: bool
    reason: str | None = Field(None, description="why it cannot be computed")


class TotalsSchema(BaseModel):
    """Sums over all layers."""

    parameters: int
    multiply_adds: int
    activation_bytes: int


class WeightsSchema(BaseModel):
    """Where the weights come from."""

    kind: str
    source: str | None = None
    licence: str | None = None
    note: str | None = None
    install: str | None = Field(None, description="the command that installs what is missing")


class PreprocessingSchema(BaseModel):
    """How a photo's values (RGB, 0–255) become the input: (value − mean) · scale, per channel."""

    mean: list[float]
    scale: list[float]
    order: str | None = Field(description="null where a photo does not fit the network")
    note: str | None = None


class AnalysisSchema(BaseModel):
    """A network's arithmetic."""

    name: str
    spec: dict[str, Any]
    layers: list[LayerSchema]
    totals: TotalsSchema


class ModelSchema(AnalysisSchema):
    """A network with its weights' provenance."""

    id: str
    title: str
    preset: bool
    weights: WeightsSchema
    preprocessing: PreprocessingSchema


class ModelSummary(BaseModel):
    """A line of the list of networks."""

    id: str
    name: str
    title: str
    input: list[int]
    layers: int
    parameters: int
    multiply_adds: int
    activation_bytes: int
    weights: WeightsSchema


class Seeded(BaseModel):
    """Random weights that anyone can make again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    init: Literal["kaiming"]
    seed: int = Field(0, ge=0, lt=2**63)


class ModelRequest(BaseModel):
    """A network, given as its specification."""

    model_config = ConfigDict(extra="forbid")

    spec: dict[str, Any]
    weights: Seeded | None = Field(None, description="weights; seeded with 0 where left out")


class RunRequest(BaseModel):
    """An image through a network."""

    model_config = ConfigDict(extra="forbid")

    image: str = Field(description="an image's id")
    model: str = Field(description="a network's id or a preset's name", examples=["vgg16"])
    size: int | None = Field(None, ge=1, description="the shorter side that the network sees; the spec's if left out")
    fit: Fit = "crop"
    edits: tuple[Edit, ...] = Field((), description="Changes for this run alone; the weights stay as they are.")


class PlacementSchema(BaseModel):
    """How the input lies on the photo: photo_x = (x + left) / scale_x, likewise y."""

    scale_x: float
    scale_y: float
    left: float
    top: float


class RunInputSchema(BaseModel):
    """The tensor that the network sees."""

    shape: list[int]


class RunLayerSchema(LayerSchema):
    """A layer of a run."""

    shape: list[int] = Field(description="the output's shape, C×H×W or N")
    state: Literal["waiting", "computed", "unavailable"]
    edited: bool = Field(description="whether an edit changes this layer; the others are the base run's")


class RunSchema(BaseModel):
    """A run: everything is known at once, values follow layer by layer."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    image: str
    model: str
    model_name: str
    size: int | None
    fit: Fit
    edits: list[Edit] = Field(description="in the order of layers and channels, each place once")
    base: str | None = Field(description="the unedited run; null where this one is")
    input: RunInputSchema
    placement: PlacementSchema
    weights: WeightsSchema
    totals: TotalsSchema
    layers: list[RunLayerSchema]


class SummarySchema(BaseModel):
    """Statistics of a whole layer. Values that are not finite show as null."""

    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zeros: float = Field(description="fraction of values that are exactly 0")
    non_finite: int = Field(description="values that are NaN or infinite")
    dead: int = Field(description="maps that are 0 everywhere")


class MapSchema(BaseModel):
    """Statistics of one map."""

    index: int
    min: float | None
    max: float | None
    argmax: list[int] | None = Field(description="row and column of the largest value")
    mean: float | None
    std: float | None
    zeros: float
    non_finite: int


class LayerStatisticsSchema(BaseModel):
    """A layer's statistics, map by map."""

    name: str
    op: str
    shape: list[int]
    signed: bool
    summary: SummarySchema
    maps: list[MapSchema]


class FilterSchema(BaseModel):
    """One filter in numbers; `norm` is the Euclidean one."""

    index: int
    min: float
    max: float
    mean: float
    std: float
    norm: float


class KernelsSchema(BaseModel):
    """A layer's kernels in numbers."""

    layer: str
    shape: list[int]
    filters: list[FilterSchema]


class WindowSchema(BaseModel):
    """Where a kernel lies in its layer's input; `top` and `left` are negative in padding."""

    top: int
    left: int
    height: int = Field(description="rows covered, the gaps of a dilated kernel included")
    width: int
    stride: list[int] = Field(description="[height, width]")
    dilation: list[int] = Field(description="[height, width]")
    padding: list[int] = Field(description="[left, right, top, bottom]")


class SourceSchema(BaseModel):
    """Channels of a layer, or of `input`."""

    layer: str
    channels: list[int] = Field(description="first and last, inclusive")


class WinnerSchema(BaseModel):
    """The cell of the input whose value a maximum took."""

    y: int
    x: int
    value: float | None


class ShareSchema(BaseModel):
    """One class of a softmax."""

    channel: int
    x: float | None
    share: float | None


class BoxSchema(BaseModel):
    """Rows and columns of the image, inclusive."""

    top: int
    left: int
    bottom: int
    right: int


class FieldSchema(BoxSchema):
    """A unit's receptive field, possibly beyond the image's edges."""

    clipped: BoxSchema | None = Field(description="the part inside the image; null where none is")
    whole: bool = Field(description="true where the value comes from all cells of an earlier layer at once")


class UnitSchema(BaseModel):
    """One number explained. Values that are not finite show as null.

    `patch` are the input values under `window`, its first axis running over the channels of `inputs` in order.
    For a weighted sum, `total` = Σ `by_channel` + `bias`; elsewhere `kernel`, `by_channel`, `products_sum` and
    `bias` are null. Where an edit scales the map, `total` is `scale` times that.
    """

    run: str
    layer: str
    op: str
    channel: int
    y: int
    x: int
    value: float | None = Field(description="what the layer holds, float32")
    total: float | None = Field(description="the same worked out again in float64")
    relative_difference: float | None
    bias: float | None
    terms: int = Field(description="input values that took part")
    products_sum: float | None
    window: WindowSchema
    inputs: list[SourceSchema]
    patch: list[list[list[float | None]]] = Field(description="C×kH×kW; 0 in padding")
    kernel: list[list[list[float | None]]] | None
    inside: list[list[bool]] = Field(description="kH×kW; false in padding")
    by_channel: list[float | None] | None
    winner: WinnerSchema | None = Field(description="for max pooling")
    before: dict[str, float | None] | None = Field(description="the numbers that `formula` names")
    shares: list[ShareSchema] | None = Field(description="the largest classes of a softmax")
    scale: float | None = Field(description="the factor that an edit puts on this map; null without one")
    formula: str
    receptive_field: FieldSchema | None = Field(description="null where branches of different strides meet")
