"""Reads a municipality's own YAML file into a model; what is wrong is said in one sentence with its place."""

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from infra.text.safe_yaml import read_yaml

M = TypeVar("M", bound=BaseModel)


def parse(text: str, where: str, model: type[M], error: type[ValueError]) -> M:
    """`where` names the file for a person. Raises `error`."""
    try:
        raw = read_yaml(text)
        return model.model_validate({} if raw is None else raw)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise error(f"{where} is not valid YAML{line}.") from None
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise error(f"{where}: {place}: {first['msg']}.") from None
