"""Bodies that carry a file: a form's field `file`, or raw bytes; nothing is decoded here."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile

from ..errors import BadRequest, UnsupportedMedia
from .deps import media_type

NPY = "application/x-npy"
FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file's bytes, whether they are declared an npy array, and the texts of the form it came in."""

    data: bytes
    array: bool
    fields: dict[str, str]


async def read_upload(request: Request) -> Upload:
    """A file sent as a form or as the body itself. Raises `UnsupportedMedia` for a body of another kind."""
    kind = media_type(request)
    if kind == FORM:
        return await read_form(request)
    if kind == NPY or kind.startswith("image/") or kind == "application/octet-stream":
        return Upload(await request.body(), kind == NPY, {})
    raise UnsupportedMedia(
        f"An image cannot be sent as {kind or 'a body without a type'}.",
        where="Content-Type",
        expected=f"{FORM} with a field `file`, image/*, or {NPY}",
    )


async def read_form(request: Request) -> Upload:
    """The field `file` of a form, and its other fields; what the form held on disk is let go.

    Raises `UnsupportedMedia` for a body that is no form, `BadRequest` for a form without the file.
    """
    if (kind := media_type(request)) != FORM:
        raise UnsupportedMedia(
            f"This call does not read {kind or 'a body without a type'}.", where="Content-Type", expected=FORM
        )
    async with request.form(max_files=1, max_fields=32) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadRequest("The form has no file in its field `file`.", where="file", expected="a field `file`")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Upload(await file.read(), (file.content_type or "").split(";")[0].strip().lower() == NPY, fields)
