"""Word lists that live beside the code as plain text."""

from functools import cache
from importlib.resources import files


@cache
def listed(name: str) -> frozenset[str]:
    """The words of a file in this folder; lines beginning with # are comments."""
    lines = files("infra.text").joinpath(name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
