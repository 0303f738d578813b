"""Images by the digest of their bytes: uploads are kept in the store, the samples ship with the code."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..errors import NotFound, OverLimit, UnsupportedMedia
from ..render.drawing import to_png
from ..resources import resource_path
from ..settings import Settings
from .encode import to_npy
from .executor import Executor
from .images import Change, change_array, change_photo, decode, decode_array
from .store import Store, is_id

NPY_MAGIC = b"\x93NUMPY"


class Variant(BaseModel):
    """Where a variant comes from: the image `of` which it is one, and what was changed, in order."""

    model_config = ConfigDict(frozen=True)

    of: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What is known of an image. `shape` is C×H×W; `notes` say what was done to read or to make it."""

    id: str
    kind: Literal["photo", "array"]
    width: int
    height: int
    shape: tuple[int, int, int]
    format: str
    frames: int
    bytes: int
    notes: tuple[str, ...]
    variant: Variant | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo that ships with convscope."""

    id: str
    name: str
    title: str
    credit: str
    licence: str


def digest(data: bytes) -> str:
    """An image's id: 32 hexadecimal digits of the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


class Gallery:
    """All images that runs can be made of."""

    def __init__(self, settings: Settings, store: Store, executor: Executor) -> None:
        self._settings = settings
        self._store = store
        self._executor = executor
        self._known: OrderedDict[str, StoredImage] = OrderedDict()
        self.samples = _load_samples()
        self._sample_files = {sample.id: sample.name for sample in self.samples}

    async def add(self, data: bytes, *, array: bool) -> StoredImage:
        """Keep an upload: a photo, or with `array` an npy file. Raises `ImageError`, `TooLarge`, `StorageFull`."""
        image = await self._executor.beside(partial(self.read, data, array=array))
        if image.id not in self._sample_files:
            await self._executor.beside(partial(self._store.put, f"images/{image.id}", data))
        return self._remember(await self._executor.beside(partial(self._with_origin, image)))

    async def vary(self, image: StoredImage, changes: Sequence[Change]) -> StoredImage:
        """Keep a variant of an image; bytes that are there already stay what they are.

        Raises `Invalid` and `OverLimit` for a change that does not fit, `StorageFull`.
        """
        return self._remember(await self._executor.beside(partial(self._vary, image, changes)))

    async def find(self, image_id: str) -> StoredImage:
        """The image of this id. Raises `NotFound`."""
        if (image := self._known.get(image_id)) is not None:
            return image
        return self._remember(await self._executor.beside(partial(self._find, image_id)))

    def read(self, data: bytes, *, array: bool) -> StoredImage:
        """Describe an upload without keeping it."""
        if array:
            values = decode_array(data, self._settings)
            channels, height, width = values.shape
            return StoredImage(digest(data), "array", width, height, (channels, height, width), "NPY", 1, len(data), ())
        if data.startswith(NPY_MAGIC):
            raise UnsupportedMedia(
                "These bytes are an npy array, sent as a photo.", expected="Content-Type: application/x-npy"
            )
        photo = decode(data, self._settings)
        return StoredImage(
            digest(data),
            "photo",
            photo.width,
            photo.height,
            (3, photo.height, photo.width),
            photo.format,
            photo.frames,
            len(data),
            tuple(photo.notes),
        )

    def original(self, image_id: str) -> bytes:
        """The bytes as they were uploaded. Raises `NotFound`."""
        if (name := self._sample_files.get(image_id)) is not None:
            return resource_path("samples", name).read_bytes()
        data = self._store.get(f"images/{image_id}") if is_id(image_id) else None
        if data is None:
            raise NotFound(f"There is no image {image_id!r}.", expected="an id that POST /api/v1/images answered")
        return data

    def _find(self, image_id: str) -> StoredImage:
        data = self.original(image_id)
        return self._with_origin(self.read(data, array=data.startswith(NPY_MAGIC)))

    def _with_origin(self, image: StoredImage) -> StoredImage:
        """The image with what is known of its making, where it was made here."""
        record = self._store.get(f"variants/{image.id}")
        if record is None:
            return image
        variant = Variant.model_validate_json(record)
        return replace(image, variant=variant, notes=(*image.notes, *(change.note for change in variant.changes)))

    def _vary(self, image: StoredImage, changes: Sequence[Change]) -> StoredImage:
        data = self._changed(image, changes)
        if len(data) > self._settings.max_upload_bytes:
            raise OverLimit(
                f"The variant has {len(data):,} bytes, more than an upload may have.",
                where="changes",
                limit=self._settings.max_upload_bytes,
                expected="a smaller image: a crop, size or scale before the last change",
            )
        name = digest(data)
        if name not in self._sample_files and not self._store.has(f"images/{name}"):
            variant = Variant(of=image.id, changes=tuple(changes))
            self._store.put(f"variants/{name}", variant.model_dump_json(exclude_none=True).encode())
            self._store.put(f"images/{name}", data)
        return self._find(name)

    def _changed(self, image: StoredImage, changes: Sequence[Change]) -> bytes:
        data = self.original(image.id)
        if image.kind == "array":
            return to_npy(change_array(decode_array(data, self._settings), changes))
        return to_png(change_photo(decode(data, self._settings).pixels, changes, self._settings), palette=None)

    def _remember(self, image: StoredImage) -> StoredImage:
        self._known[image.id] = image
        while len(self._known) > self._settings.max_runs:
            self._known.popitem(last=False)
        return image


def _load_samples() -> tuple[Sample, ...]:
    rows = json.loads(resource_path("samples", "samples.json").read_text(encoding="utf-8"))
    return tuple(Sample(id=digest(resource_path("samples", row["name"]).read_bytes()), **row) for row in rows)
