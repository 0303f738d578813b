"""Two runs to be compared, from what a caller says of them; it knows no page."""

from dataclasses import dataclass

from .gallery import StoredImage
from .images import Fit
from .images.variants import Change, Noise
from .run import Run, RunRecipe
from .service import Service

WHOLE_ZOOM = 100


@dataclass(frozen=True, slots=True)
class Alteration:
    """How B's photo is made of the one that A's network saw; everything in pixels of that.

    `right` and `down` move it, `turn` turns it by degrees counter-clockwise, `zoom` enlarges its middle to that many
    percent, `crop` cuts away that many pixels on every side (the run enlarges what is left), `blur` is a radius,
    `noise` a standard deviation in levels of 0–255.
    """

    right: int = 0
    down: int = 0
    turn: float = 0.0
    zoom: int = WHOLE_ZOOM
    crop: int = 0
    blur: float = 0.0
    noise: float = 0.0

    @property
    def shift(self) -> tuple[int, int]:
        """(down, right)."""
        return self.down, self.right

    @property
    def keeps_grid(self) -> bool:
        """Whether B's pixels lie on A's grid, so that moving it back lays equal places on each other."""
        return self.turn == 0 and self.zoom == WHOLE_ZOOM and self.crop == 0

    def changes(self, height: int, width: int) -> list[Change]:
        """The changes of a picture of `height`×`width`, in the order in which they are made; none where it stays."""
        made: list[Change] = []
        if self.turn:
            made.append(Change(rotate=self.turn))
        if self.zoom != WHOLE_ZOOM:
            factor = self.zoom / WHOLE_ZOOM
            left, top = (round(side * factor) - side for side in (width, height))
            box = (left // 2, top // 2, left // 2 + width, top // 2 + height)
            made += [Change(scale=factor), Change(crop=box)]
        if self.crop:
            made.append(Change(crop=(self.crop, self.crop, width - self.crop, height - self.crop)))
        if self.shift != (0, 0):
            made.append(Change(shift=self.shift))
        if self.blur:
            made.append(Change(blur=self.blur))
        if self.noise:
            made.append(Change(noise=Noise(sigma=self.noise)))
        return made


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller says of one side: a run, or an image through a network. What is None is the other side's."""

    run: str | None = None
    image: str | None = None
    model: str | None = None
    size: int | None = None
    fit: Fit = "crop"


NOTHING = Wish()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs; `b` is None where nothing was said of it."""

    a: Run
    b: Run | None


async def find_pair(service: Service, a: Wish, b: Wish, alteration: Alteration | None) -> Pair:
    """The runs that are wished for, made where they are not there yet; of `a` a run, or an image and a network.

    B is a run, another image or another network, else the picture that A's network saw with an alteration. Raises
    `NotFound` for an unknown id, and what runs and variants raise for what does not fit.
    """
    first = await _find(service, a)
    if b == NOTHING and alteration is None:
        return Pair(first, None)
    if b.run is not None:
        return Pair(first, await service.runs.find(b.run))
    if b.image is None and alteration is not None:
        first, image = await _altered(service, first, alteration)
    else:
        image = b.image or first.image.id
    return Pair(first, await service.runs.create(_recipe(first, image, b.model or first.model.id)))


async def _find(service: Service, wish: Wish) -> Run:
    if wish.run is not None:
        return await service.runs.find(wish.run)
    assert wish.image is not None
    assert wish.model is not None
    recipe = RunRecipe(image=wish.image, model=wish.model, size=wish.size, fit=wish.fit)
    return await service.runs.create(recipe)


def _recipe(like: Run, image: str, model: str) -> RunRecipe:
    """Another image or network at the size and fit of a run, without its edits."""
    return RunRecipe(image=image, model=model, size=like.recipe.size, fit=like.recipe.fit)


async def _altered(service: Service, run: Run, alteration: Alteration) -> tuple[Run, str]:
    """The run to compare with, and the id of the picture that its network saw, altered; its image where nothing is.

    What `pad` puts around a photo has the mean colour, which no picture's levels hold exactly: there A becomes the run
    of the picture too, so that the two differ by the alteration alone.
    """
    _, height, width = run.analysis.input_shape
    changes = alteration.changes(height, width)
    if not changes:
        return run, run.image.id
    seen = await _seen(service, run)
    if run.recipe.fit == "pad":
        run = await service.runs.create(_recipe(run, seen.id, run.model.id))
    return run, (await service.gallery.vary(seen, changes)).id


async def _seen(service: Service, run: Run) -> StoredImage:
    """The picture that a run's network saw as an image of its own, which a run of its size does not resample."""
    if run.image.kind == "array" or run.recipe.fit == "native":
        return run.image
    return await service.gallery.add(await service.layers.input(run, "png"), array=False)
