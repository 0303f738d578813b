"""Pages from templates; it knows where templates lie and nothing of what they show."""

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import __version__
from ..resources import resource_path


class Pages:
    """Renders the templates that ship with convscope."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(resource_path("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["version"] = __version__

    def render(self, template: str, **context: Any) -> str:
        """One page. A name that the context lacks is an error."""
        return self._environment.get_template(template).render(**context)

    def problem(self, problem: dict[str, Any]) -> str:
        """The page that says what a problem+json says."""
        return self.render("problem.html", problem=problem)
