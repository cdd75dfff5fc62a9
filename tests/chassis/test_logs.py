"""What an exception says never reaches a log; it may quote a citizen."""

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from infra.chassis.logs import configure_logs
configure_logs("test", style="json")
log = structlog.get_logger()
log.info("case_opened", case="c-1")
try:
    raise ValueError("Jens 010180-1234 skrev")
except ValueError:
    log.exception("handler_failed")
    logging.getLogger("library").exception("library failed")
"""


def test_an_exceptions_words_stay_out_of_the_log():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert [line["event"] for line in lines] == ["case_opened", "handler_failed", "library failed"]
    assert lines[1]["error"] == "ValueError"
    assert "Jens" not in done.stderr
    assert "010180" not in done.stderr
