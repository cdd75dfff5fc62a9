"""The router as a process beside a real broker; and the sentence it leaves when it cannot start."""

import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from contracts.case import CaseOpened
from infra.chassis.chassis import open_chassis
from infra.chassis.settings import ServiceSettings
from tests.conftest import free_port
from tests.router.inquiries import classified, enveloped, sealed_inquiry

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
REFUSED = 78


class RouterProcess:
    def __init__(self, data: Path, broker: str) -> None:
        self.port = free_port()
        self.env = os.environ | {
            "HENVEND_DATA": str(data),
            "HENVEND_BROKER": broker,
            "HENVEND_ROUTER_PORT": str(self.port),
            "HENVEND_ROUTER_SMTP": f"127.0.0.1:{free_port()}",
            "HENVEND_LOG_FORMAT": "json",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.router"], env=self.env, cwd=ROOT
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def ready(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{self.port}/ready")
            except httpx.HTTPError:
                return False
        return answer.status_code == 200


@asynccontextmanager
async def other_services(data: Path, broker: str):
    """Publishes inquiries and hears what cases were opened, as intake and audit would."""
    settings = ServiceSettings(data=data, broker=broker)
    opened: list[CaseOpened] = []
    async with open_chassis(
        "town", settings, migrations="infra.embedded.mailbox_migrations"
    ) as chassis:

        async def on_case_opened(envelope):
            opened.append(envelope.data)

        chassis.on(CaseOpened, on_case_opened)
        async with chassis.running():
            await chassis.broker.wait_for_cluster()
            yield chassis, opened


async def test_killed_while_mails_flow_it_opens_each_case_once(tmp_path, broker, until):
    from uuid import uuid4

    data = tmp_path / "data"
    router = RouterProcess(data, broker.address)
    router.start()
    try:
        async with other_services(data, broker.address) as (town, opened):
            await until(router.ready, 60)
            inquiries = [
                sealed_inquiry(await town.keyring.create(uuid4()), automatic=True)
                for _ in range(60)
            ]
            for number, inquiry in enumerate(inquiries):
                await town.publish(enveloped(inquiry))
                await town.publish(enveloped(classified(inquiry)))
                if number == 30:
                    router.kill()
                    router.start()

            wanted = {inquiry.inquiry for inquiry in inquiries}
            await until(lambda: {case.inquiry for case in opened} == wanted, 90)

        assert len({case.case for case in opened}) == len(wanted)
        assert {case.department for case in opened} == {"tmf"}
    finally:
        router.kill()


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("rules: [", "is not valid YAML"),
        (
            (
                "rules: [{id: a, why: b, when: {category: tmf.motorveje}, "
                "then: {queue: triage, deadline_days: 1}}, "
                "{id: c, why: d, then: {queue: triage, deadline_days: 1}}]"
            ),
            "tmf.motorveje",
        ),
    ],
)
def test_with_wrong_rules_it_does_not_start_and_says_why_in_one_sentence(tmp_path, rules, sentence):
    own = tmp_path / "municipality"
    own.mkdir()
    (own / "rules.yaml").write_text(rules, "utf-8")
    router = RouterProcess(tmp_path / "data", "127.0.0.1:1")

    done = subprocess.run(
        [sys.executable, "-m", "services.router"],
        env=router.env | {"HENVEND_MUNICIPALITY": str(own)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == REFUSED
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
