"""Departments and categories, from the municipality's own file; no code names one."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

# By convention this department means "not ours" unless the file says `external: false`.
OTHER_AUTHORITY = "extern"

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$", max_length=64)]


class TaxonomyError(ValueError):
    """The taxonomy file, or something that refers to it, is wrong; the message says where."""


class Names(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    da: str
    sv: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _rejoin_commas(cls, raw: Any) -> Any:
        """In `{da: Veje, fortove, sv: ...}` YAML takes `fortove` for an empty key; the writer did not."""
        if not isinstance(raw, dict) or None not in raw.values():
            return raw
        names: dict[str, str] = {}
        language = ""
        for key, value in raw.items():
            if value is None and language:
                names[language] += f", {key}"
            else:
                language = key
                names[key] = value
        return names

    def in_language(self, language: str) -> str:
        return {"da": self.da, "sv": self.sv}.get(language, self.en)


class Department(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Names
    does: str
    external: bool = False
    """Another authority: never a queue of ours."""


class Category(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    department: str
    name: Names
    sensitive: bool = False
    """Often special-category data: always read by a person."""
    description: str = ""


class Taxonomy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    departments: dict[Id, Department] = Field(min_length=1)
    categories: dict[Id, Category] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _mark_other_authority(cls, raw: Any) -> Any:
        departments = raw.get("departments") if isinstance(raw, dict) else None
        if not isinstance(departments, dict):
            return raw
        other = departments.get(OTHER_AUTHORITY)
        if isinstance(other, dict) and "external" not in other:
            marked = {**departments, OTHER_AUTHORITY: {**other, "external": True}}
            return {**raw, "departments": marked}
        return raw

    def is_external(self, category: str) -> bool:
        return self.departments[self.department_of(category)].external

    def department_of(self, category: str) -> str:
        return self.categories[category].department

    def require(self, categories: Iterable[str], where: str) -> None:
        """Raises TaxonomyError naming every category in `where` that the taxonomy lacks."""
        unknown = sorted(set(categories) - self.categories.keys())
        if unknown:
            raise TaxonomyError(
                f"{where} uses categories that the taxonomy does not have: {', '.join(unknown)}. "
                "Add them to the taxonomy file or remove them there."
            )

    def require_departments(self, departments: Iterable[str], where: str) -> None:
        """Raises TaxonomyError naming every department in `where` that the taxonomy lacks."""
        unknown = sorted(set(departments) - self.departments.keys())
        if unknown:
            raise TaxonomyError(
                f"{where} uses departments that the taxonomy does not have: {', '.join(unknown)}. "
                "Add them to the taxonomy file or remove them there."
            )


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """The municipality's taxonomy, or the sample one. Raises TaxonomyError with file and field."""
    where = str(path) if path else "the sample taxonomy"
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files("contracts").joinpath("taxonomy.yaml").read_text("utf-8")
        )
        raw: Any = yaml.safe_load(text)
        taxonomy = Taxonomy.model_validate(raw)
    except OSError as error:
        raise TaxonomyError(f"{where} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise TaxonomyError(f"{where} is not valid YAML{line}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TaxonomyError(f"{where}: {place}: {first['msg']}.") from error
    for name, category in taxonomy.categories.items():
        if category.department not in taxonomy.departments:
            raise TaxonomyError(
                f"{where}: category {name} belongs to the unknown department {category.department}."
            )
    return taxonomy
