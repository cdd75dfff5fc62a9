"""What the classifier's commands share: messages, a progress bar, obstacles in one sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.taxonomy import TaxonomyError

console = Console(stderr=True, highlight=False)


@contextmanager
def bar(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """Yields what to call after each step."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task(what, total=steps)
        yield lambda: progress.advance(task)
        progress.update(task, completed=steps)


@contextmanager
def in_sentences() -> Iterator[None]:
    """Obstacles are one sentence, not a traceback."""
    try:
        yield
    except (TaxonomyError, ValueError, OSError) as error:
        console.print(f"henvend: {error}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
