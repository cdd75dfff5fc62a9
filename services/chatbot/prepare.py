"""Makes what the folder's articles would become, as a process of its own, so that answers never wait.

`python -m services.chatbot.prepare [PUBLICATION]` reads the settings as JSON from standard input and writes one JSON
line a step to standard output. It opens no database: what citizens wrote is not its business.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from infra.chassis.clock import utc_now
from services.chatbot.adapters.index_files import (
    IndexFileError,
    current_digest,
    forget_prepared,
    known_vectors,
    load_index,
    prepared_folder,
    read_index,
    write_index,
)
from services.chatbot.check import Finding, check
from services.chatbot.engine import publication_digest
from services.chatbot.index import Index
from services.chatbot.knowledge import Base, KnowledgeError
from services.chatbot.loading import load_embedder
from services.chatbot.municipality import load_municipality
from services.chatbot.ports import Embedder
from services.chatbot.publish import (
    publish,
    read_cases,
    read_inquiries,
    read_outside,
    same_version_other_text,
    whole_base,
)
from services.chatbot.screen import load_phrases
from services.chatbot.settings import ChatbotSettings

NO_MODEL = "There is no trained model. Run `henvend train` first."
FINDINGS = "check.json"
POLITE = 10
"""Added to the process's niceness: citizens' answers come first."""


class Step(BaseModel):
    """What the process says while it works; the last line is `done` or `refused`."""

    step: Literal["checking", "building", "done", "refused"]
    problems: tuple[str, ...] = ()
    """Why nothing was made."""


def index_of(settings: ChatbotSettings, base: Base, embedder: Embedder) -> tuple[Index, int]:
    """What these articles become with the municipality's other files, and how many texts had to be
    embedded anew. Raises KnowledgeError."""
    return publish(
        base,
        read_outside(settings.outside_file.read_text("utf-8")),
        municipality=load_municipality(settings.municipality).id,
        embedder=embedder,
        known=known_vectors(settings.index_folder, embedder.digest),
        inquiries=read_inquiries(settings.inquiries_folder),
        cases=read_cases(settings.development_folder, load_phrases()),
    )


def prepare(settings: ChatbotSettings, tell: Callable[[Step], None]) -> None:
    """Leaves the publication in its prepared folder, and beside it what the check found."""
    tell(Step(step="checking"))
    base = whole_base(settings)
    embedder = load_embedder(settings)
    if embedder is None:
        raise KnowledgeError([NO_MODEL])
    findings = check(base, utc_now().date())
    problems = [f"{one.article}: {one.words}" for one in findings if one.level == "error"]
    with suppress(IndexFileError):
        problems += same_version_other_text(load_index(settings.index_folder).articles, base)
    if problems:
        raise KnowledgeError(problems)
    tell(Step(step="building"))
    digest = publication_digest(base, embedder.digest, settings)
    index, _ = index_of(settings, base, embedder)
    forget_prepared(settings.index_folder)
    folder = prepared_folder(settings.index_folder, digest[:32])
    fresh = folder.with_suffix(".new")
    write_index(fresh, index, digest)
    write_findings(fresh, findings)
    fresh.replace(folder)


def renew(settings: ChatbotSettings, name: str, tell: Callable[[Step], None]) -> None:
    """Leaves the publication `name`, taught anew, beside it; the service makes it the one that answers.

    Raises KnowledgeError.
    """
    root = settings.index_folder
    embedder = load_embedder(settings)
    if embedder is None:
        raise KnowledgeError([NO_MODEL])
    try:
        # Not whatever is current by now: somebody may have published meanwhile.
        base = Base(read_index(root / name).articles)
    except IndexFileError as error:
        raise KnowledgeError([str(error)]) from error
    tell(Step(step="building"))
    digest = publication_digest(base, embedder.digest, settings)
    index, _ = index_of(settings, base, embedder)
    fresh = root / f"{digest[:32]}.new"
    write_index(fresh, index, digest)
    folder = root / digest[:32]
    if current_digest(root) == folder.name:
        return
    # One that was published before and is not now.
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)


def write_findings(folder: Path, findings: list[Finding]) -> None:
    text = json.dumps([(*one[:-1], dict(one.values)) for one in findings], ensure_ascii=False)
    (folder / FINDINGS).write_text(text, "utf-8")


def read_findings(folder: Path) -> list[Finding]:
    return [Finding(*row) for row in json.loads((folder / FINDINGS).read_text("utf-8"))]


def say(step: Step) -> None:
    sys.stdout.write(step.model_dump_json() + "\n")
    sys.stdout.flush()


def main() -> None:
    os.nice(POLITE)
    settings = ChatbotSettings.model_validate_json(sys.stdin.read())
    try:
        if len(sys.argv) > 1:
            renew(settings, sys.argv[1], say)
        else:
            prepare(settings, say)
    except KnowledgeError as error:
        say(Step(step="refused", problems=error.problems))
    else:
        say(Step(step="done"))


if __name__ == "__main__":
    main()
