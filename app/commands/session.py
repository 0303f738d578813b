"""The service in this process for one command: nothing is kept, nothing listens; it prints nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ..net.model import Model
from ..service.gallery import NPY_MAGIC
from ..service.images import Fit
from ..service.run import Run, RunRecipe
from ..service.service import Service
from ..settings import Settings
from .files import STANDARD, read_bytes, read_spec
from .networks import Named


@dataclass(frozen=True, slots=True)
class Request:
    """An image through a network, as the command line says it: a photo's or npy file's name, a preset or a file."""

    photo: str
    model: str
    size: int | None
    fit: Fit
    seed: int


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Service]:
    """A service over an empty folder that is gone afterwards. Raises `RuntimeError` for a device that is not there."""
    with TemporaryDirectory(prefix="convscope-") as folder:
        service = Service(settings.model_copy(update={"data_dir": Path(folder)}))
        service.executor.start()
        try:
            yield service
        finally:
            await service.stop()


async def open_run(service: Service, request: Request) -> Run:
    """The run asked for, nothing computed. Raises what reading the image or the network raises, and `OSError`."""
    model = await _model(service, request)
    data = read_bytes(request.photo)
    array = data.startswith(NPY_MAGIC)
    image = await service.executor.beside(partial(service.gallery.read, data, array=array))
    service.image_names[image.id] = photo_name(request)
    recipe = RunRecipe(image=image.id, model=model.id, size=request.size, fit=request.fit).settled(image, model)
    return service.runs.prepare(recipe, image, model, lambda: data)


async def _model(service: Service, request: Request) -> Model:
    named = Named(request.model)
    if named.is_file:
        return service.models.make(read_spec(named.reference), request.seed)
    return await service.models.find(named.reference)


def photo_name(request: Request) -> str:
    """What the photo is called in print."""
    return "standard input" if request.photo == STANDARD else Path(request.photo).name
