"""How long a closed case is kept, from the municipality's own file."""

from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.taxonomy import Taxonomy
from services.router.own_file import parse

FILE = "retention.yaml"
Days = Annotated[int, Field(ge=30, le=36_500)]


class RetentionError(ValueError):
    """The retention file is wrong; the message names the place and what is allowed."""


class Retention(BaseModel):
    """Reasons for each value stand in the sample file beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Days | None = None
    departments: dict[str, Days | None] = Field(default_factory=dict)
    categories: dict[str, Days | None] = Field(default_factory=dict)
    keep: frozenset[str] = frozenset()

    def days_of(self, department: str, category: str | None) -> int | None:
        """The nearest that says something; None is for ever, and what is archived never ends by itself."""
        if {department, category} & self.keep:
            return None
        if category in self.categories:
            return self.categories[category]
        return self.departments.get(department, self.days)

    def due_at(self, department: str, category: str | None, closed_at: datetime) -> datetime | None:
        days = self.days_of(department, category)
        return None if days is None else closed_at + timedelta(days=days)

    def unknown(self, taxonomy: Taxonomy) -> list[str]:
        """Names in it that the taxonomy does not know."""
        known = {*taxonomy.departments, *taxonomy.categories}
        named = {*self.departments, *self.categories, *self.keep}
        return sorted(named - known)


def load_retention(folder: Path | None, taxonomy: Taxonomy) -> Retention:
    """The municipality's retention.yaml; the sample one for the sample municipality.

    A municipality that wrote none keeps everything: nobody's records go by a deadline of ours.
    Raises RetentionError.
    """
    if folder is None:
        text, where = files("services.router").joinpath(FILE).read_text("utf-8"), "the sample file"
    else:
        path = folder / FILE
        if not path.exists():
            return Retention()
        where = str(path)
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise RetentionError(f"{where} cannot be read: {error.strerror}.") from None
    found = parse(text, where, Retention, RetentionError)
    unknown = found.unknown(taxonomy)
    # The sample file speaks of the sample departments; a taxonomy of one's own may lack them.
    if unknown and folder is not None:
        raise RetentionError(f"{where}: {unknown[0]} is neither a department nor a category.")
    return found
