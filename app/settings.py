"""The one class of settings: every limit with its safe default, read from `CONVSCOPE_*` variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1024 * 1024


class Settings(BaseSettings):
    """What the server listens on, where it keeps things, and how much it will take on.

    Each field is read from the environment variable `CONVSCOPE_` + its upper-case name.
    """

    model_config = SettingsConfigDict(env_prefix="CONVSCOPE_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    data_dir: Path = Field(
        Path.home() / ".local" / "share" / "convscope",
        description="Folder for everything kept: images, specs and weights.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where networks run; `auto` takes a GPU where there is one."
    )
    threads: int = Field(
        0, ge=0, description="Threads that one network pass uses; 0 takes the cores this process may use."
    )

    max_upload_bytes: int = Field(32 * MEGABYTE, ge=1, description="Largest request body, in bytes.")
    max_json_bytes: int = Field(2 * MEGABYTE, ge=1, description="Largest JSON body, in bytes.")
    max_image_pixels: int = Field(
        50_000_000, ge=1, description="Most pixels of an upload, checked from its header before decoding."
    )
    max_array_values: int = Field(16_000_000, ge=1, description="Most values of an uploaded npy array.")
    max_spec_layers: int = Field(1_000, ge=1, description="Most layers of a network.")
    max_parameters: int = Field(
        64_000_000, ge=1, description="Most parameters that are seeded for one network, in values."
    )
    max_activation_bytes: int = Field(
        512 * MEGABYTE, ge=1, description="Most bytes of activations that one run may need in all."
    )
    max_multiply_adds: int = Field(
        200_000_000_000,
        ge=1,
        description="Most multiply-adds that one run may need; a value that pooling reads counts as one.",
    )
    max_input_size: int = Field(1_024, ge=1, description="Largest side of a network input, in pixels.")
    max_edits: int = Field(64, ge=1, description="Most edits of one run.")

    max_unit_cells: int = Field(
        262_144, ge=1, description="Most input values that the explanation of one number lists."
    )
    max_picture_pixels: int = Field(16_000_000, ge=1, description="Most pixels of a rendered PNG.")
    max_page_bytes: int = Field(
        30 * MEGABYTE, ge=1, description="Most bytes of layers in a view saved as one HTML file, before compression."
    )

    queue_length: int = Field(64, ge=1, description="Runs that may wait for the device.")
    queue_wait_seconds: float = Field(30.0, gt=0, description="Longest wait for a place on the device.")
    request_seconds: float = Field(60.0, gt=0, description="Longest time that one request may take.")
    activation_cache_bytes: int = Field(
        192 * MEGABYTE, ge=0, description="Activations kept for reuse, in bytes; what is lost is recomputed."
    )
    rendered_cache_bytes: int = Field(
        64 * MEGABYTE, ge=0, description="Encoded layers and inputs kept for reuse, in bytes."
    )
    model_cache_bytes: int = Field(256 * MEGABYTE, ge=0, description="Weights of networks kept in memory, in bytes.")
    store_bytes: int = Field(
        10_240 * MEGABYTE, ge=1, description="Most bytes kept in the data folder; then uploads are refused."
    )
    max_runs: int = Field(1_024, ge=1, description="Runs remembered; the oldest are made again when asked for.")
