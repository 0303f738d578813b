"""The one tree of errors; it knows what went wrong and what would be right, never how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a request: the place, what is wrong there, and what would fit."""

    where: str
    message: str
    expected: str | None = None


class ConvscopeError(Exception):
    """Something a caller can understand and act on.

    `detail` says what was wrong, `where` names the place (`layers[3] (conv2).groups`), `expected` what
    would fit, `limit` the bound that was exceeded, `retry_after` the seconds after which to try again.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "The server failed"

    def __init__(
        self,
        detail: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        limit: int | float | None = None,
        retry_after: float | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.where = where
        self.expected = expected
        self.limit = limit
        self.retry_after = retry_after
        self.faults = tuple(faults)


class BadRequest(ConvscopeError):
    """The request cannot be read."""

    status = 400
    slug = "bad-request"
    title = "The request cannot be read"


class NotFound(ConvscopeError):
    """Nothing is stored under this name or id."""

    status = 404
    slug = "not-found"
    title = "Not found"


class MethodNotAllowed(ConvscopeError):
    """The address is known; this method is not possible there."""

    status = 405
    slug = "method-not-allowed"
    title = "This is not possible here"


class NotAcceptable(ConvscopeError):
    """The answer does not exist in the format asked for."""

    status = 406
    slug = "not-acceptable"
    title = "This format is not available"


class TooLarge(ConvscopeError):
    """The upload exceeds a limit in bytes or pixels."""

    status = 413
    slug = "too-large"
    title = "The upload is too large"


class UnsupportedMedia(ConvscopeError):
    """The body is of a kind that this call does not read."""

    status = 415
    slug = "unsupported-media"
    title = "This kind of file is not read here"


class Invalid(ConvscopeError):
    """A value in the request is wrong."""

    status = 422
    slug = "invalid-request"
    title = "A value does not fit"


class ImageError(Invalid):
    """The bytes are not an image that can be used."""

    slug = "invalid-image"
    title = "The image cannot be used"


class SpecError(Invalid):
    """The network specification is wrong; every fault is listed."""

    slug = "invalid-spec"
    title = "The network does not fit together"


class Unavailable(Invalid):
    """A layer cannot be computed because its weights are not there."""

    slug = "layer-unavailable"
    title = "This layer cannot be computed"


class OverLimit(Invalid):
    """The work asked for exceeds a limit of this server."""

    slug = "over-limit"
    title = "This exceeds a limit of the server"


class StorageFull(ConvscopeError):
    """The store has reached its limit; nothing already stored is lost."""

    status = 503
    slug = "storage-full"
    title = "The store is full"


class Busy(ConvscopeError):
    """The queue is full or the wait was too long."""

    status = 503
    slug = "busy"
    title = "The queue is full"
