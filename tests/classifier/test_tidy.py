"""Old candidates are removed; what may still be approved, and what decides, is not."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.classifier.model_files import APPROVED, candidate_folder
from services.classifier.tidy import remove_outdated

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def digest(number: int) -> str:
    return f"{number:064x}"


def candidate(data: Path, number: int, days: float, *, judged: bool = True) -> Path:
    folder = candidate_folder(data, digest(number))
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    if judged:
        (folder / "gate.json").write_text("{}")
    then = (NOW - timedelta(days=days)).timestamp()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))
    return folder


def test_old_candidates_go_and_the_newest_three_stay_however_old(tmp_path):
    folders = [candidate(tmp_path, number, 100 + number) for number in range(5)]

    assert remove_outdated(tmp_path, (), NOW) == 2

    assert [folder.is_dir() for folder in folders] == [True, True, True, False, False]


def test_what_waits_for_a_second_person_or_is_young_stays(tmp_path):
    for number in range(3):
        candidate(tmp_path, number, 1)
    waiting, young, old = (
        candidate(tmp_path, number, days) for number, days in ((3, 90), (4, 29), (5, 90))
    )

    remove_outdated(tmp_path, {digest(3)}, NOW)

    assert (waiting.is_dir(), young.is_dir(), old.is_dir()) == (True, True, False)


def test_a_training_that_was_given_up_goes_and_one_under_way_stays(tmp_path):
    given_up = candidate(tmp_path, 1, 2, judged=False)
    under_way = candidate(tmp_path, 2, 0.1, judged=False)

    remove_outdated(tmp_path, (), NOW)

    assert (given_up.exists(), under_way.exists()) == (False, True)


def test_approved_models_are_never_touched(tmp_path):
    approved = tmp_path / APPROVED / digest(9)
    approved.mkdir(parents=True)
    os.utime(approved, (0, 0))

    remove_outdated(tmp_path, (), NOW)

    assert approved.is_dir()


def test_without_candidates_there_is_nothing_to_do(tmp_path):
    assert remove_outdated(tmp_path, (), NOW) == 0
