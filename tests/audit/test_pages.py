"""What the ombudsman, the data protection officer and the operator see, and nobody else."""

import asyncio
import base64
import sqlite3

import pytest
from litestar.testing import AsyncTestClient

from infra.chassis.chassis import open_chassis
from infra.keyring.wrapping import load_secret
from services.audit import note
from services.audit.app import create_app
from services.audit.commitments import TrailSecret
from services.audit.leaf import leaf_hash
from services.audit.proof import parse_entry_proof, verify_entry
from services.audit.settings import AuditSettings
from services.audit.signer import load_signer
from services.audit.tiles import unpack_bundle
from services.audit.trail import Trail
from tests.audit.conftest import (
    NOON,
    ORIGIN,
    FakeReceipts,
    classified,
    moved,
    received,
    record_of,
    replied,
)

pytestmark = pytest.mark.slow

OMBUDSMAN = "gustav.borgerraadgiver"
OPERATOR = "ida.drift"
CASEWORKER = "anna.kff"


class Site:
    def __init__(self, chassis, app, settings):
        self.chassis = chassis
        self.app = app
        self.settings = settings
        self.envelopes = []

    def client(self):
        return AsyncTestClient(self.app)

    async def login(self, client, account):
        token = await self.chassis.staff.new_link(account)
        await client.get(f"/login/{token}")
        csrf = client.cookies.get("henvend_csrf")
        answer = await client.post(
            f"/login/{token}", data={"_csrf_token": csrf}, follow_redirects=False
        )
        assert answer.status_code == 303

    async def fill(self):
        from services.audit.adapters.sql_store import SqlTrailStore

        folder = self.settings.keys / "audit"
        trail = Trail(
            origin=ORIGIN,
            store=SqlTrailStore(self.chassis.database),
            keys=self.chassis.keyring,
            signer=load_signer(folder, ORIGIN),
            secret=TrailSecret(load_secret(folder / "trail.secret")),
            receipts=FakeReceipts(),
            clock=lambda: NOON,
        )
        await trail.open()
        await trail.join("c1")
        from uuid import uuid4

        key = await self.chassis.keyring.create(uuid4())
        self.envelopes = [received(key, 1), classified(key), moved(key), replied(key)]
        await trail.take("c1", [record_of(e, n) for n, e in enumerate(self.envelopes)])
        await trail.take("c1", [record_of(received(key, 9), 9, value=b"garbled")])
        await trail.sign()
        return self.envelopes[0].data.reference


@pytest.fixture
async def site(tmp_path):
    settings = AuditSettings(data=tmp_path, broker="127.0.0.1:9")
    async with open_chassis("audit", settings, migrations="services.audit.migrations") as chassis:
        app = await create_app(settings, chassis)
        yield Site(chassis, app, settings)


@pytest.mark.parametrize("language", ["da", "sv", "en"])
async def test_before_anything_happened_the_page_says_so(site, language, monkeypatch):
    async def not_yet(_trail):
        await asyncio.Event().wait()

    # On a busy machine the opening of the trail was signed before the page was asked for.
    monkeypatch.setattr(Trail, "sign", not_yet)
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        page = await client.get(f"/?lang={language}")

    assert page.status_code == 200
    empty = {
        "da": "Intet er underskrevet endnu.",
        "sv": "Inget är signerat ännu.",
        "en": "Nothing has been signed yet.",
    }
    assert empty[language] in page.text
    assert "audit." not in page.text.replace(ORIGIN, "")


@pytest.mark.parametrize("typed", ["{}", " {} "])
async def test_a_reference_finds_everything_about_it_in_order(site, typed):
    reference = await site.fill()
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        page = await client.get(
            "/inquiries", params={"reference": typed.format(reference).lower(), "lang": "en"}
        )

    places = [
        page.text.index(words)
        for words in (
            "the inquiry came in",
            "the sorting suggested",
            "the case was moved to",
            "a member of staff replied",
        )
    ]
    assert places == sorted(places)
    assert "suggested by machine" in page.text
    assert page.text.count(">person<") == 2
    assert "Unchanged: proved against the signed checkpoint of 22.11.2026" in page.text
    assert "91 %" in page.text
    assert "mette" not in page.text


async def test_an_unknown_reference_is_said_to_be_unknown(site):
    await site.fill()
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        page = await client.get("/inquiries?reference=HV-00000-00000&lang=en")

    assert "The trail has nothing about this reference." in page.text


async def test_the_proof_behind_the_link_proves_the_entry(site):
    await site.fill()
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        text = (await client.get("/log/2026/proof/3.tlog-proof")).text
        bundle = unpack_bundle((await client.get("/log/2026/tile/entries/000.p/7")).content)
        vkey = (await client.get("/log/2026/log.vkey")).text.strip()

    proof = parse_entry_proof(text)
    assert verify_entry(proof, leaf_hash(bundle[3]), note.parse_vkey(vkey)).size == 7


async def test_an_entry_changed_behind_its_back_is_shown_in_red(site):
    reference = await site.fill()
    insider = sqlite3.connect(site.settings.data / "audit.db")
    insider.execute("DROP TRIGGER leaf_no_update")
    insider.execute(
        "UPDATE leaf SET body = CAST(REPLACE(CAST(body AS TEXT), 'human', 'auto') AS BLOB)"
    )
    insider.commit()
    insider.close()
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        page = await client.get(f"/inquiries?reference={reference}&lang=en")

    assert "The trail has been changed" in page.text
    assert "Entry 4 is not what was signed." in page.text


async def test_the_overview_counts_and_lists_what_went_wrong(site):
    await site.fill()
    async with site.client() as client:
        await site.login(client, OPERATOR)
        page = await client.get("/?lang=en")

    assert "a record could not be read" in page.text
    assert "not-json" in page.text
    facts = page.text.replace("\n", "")
    assert "<dt>Inquiries in</dt><dd>1</dd>" in facts
    assert "<dt>Unreadable records</dt><dd>1</dd>" in facts


async def test_an_entry_page_shows_the_leaf_byte_for_byte(site):
    await site.fill()
    async with site.client() as client:
        await site.login(client, OMBUDSMAN)
        page = await client.get("/entries/3?lang=en")
        missing = await client.get("/entries/99")

    assert "&#34;typ&#34;:&#34;decision&#34;" in page.text
    assert missing.status_code == 404


async def test_caseworkers_and_strangers_do_not_get_in(site):
    reference = await site.fill()
    guarded = [
        "/",
        f"/inquiries?reference={reference}",
        "/entries/1",
        "/log/2026/proof/1.tlog-proof",
    ]
    async with site.client() as client:
        for path in [*guarded, "/log/2026/tile/entries/000.p/7"]:
            assert (await client.get(path, follow_redirects=False)).status_code in {303, 302, 401}
        await site.login(client, CASEWORKER)
        for path in [*guarded, "/log/2026/tile/entries/000.p/7"]:
            assert (await client.get(path)).status_code == 403


async def test_the_operator_does_not_read_entry_bundles(site):
    await site.fill()
    async with site.client() as client:
        await site.login(client, OPERATOR)
        assert (await client.get("/log/2026/tile/entries/000.p/7")).status_code == 403


async def test_the_public_log_needs_no_login_and_has_its_types(site):
    await site.fill()
    async with site.client() as client:
        checkpoint = await client.get("/log/2026/checkpoint")
        tile = await client.get("/log/2026/tile/0/000.p/7")
        consistency = await client.get("/log/2026/consistency/3/7")

    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.text.startswith(f"{ORIGIN}\n7\n")
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    assert len(tile.content) == 7 * 32
    assert all(len(base64.b64decode(line)) == 32 for line in consistency.text.split())


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint/x",
        "tile/0/0",
        "tile/0/000.p/8",
        "tile/0/000",
        "tile/1/000.p/1",
        "tile/9/000",
        "tile/0/../../audit.db",
        "consistency/0/7",
        "consistency/3/8",
        "consistency/5/3",
    ],
)
async def test_what_the_log_does_not_have_is_not_found(site, path):
    await site.fill()
    async with site.client() as client:
        assert (await client.get(f"/log/2026/{path}")).status_code == 404


async def test_the_texts_of_all_kinds_exist_in_all_languages():
    from contracts.catalogue import EVENTS
    from contracts.trail import TrailReceipt
    from infra.pages.pages import texts

    kinds = EVENTS.keys() - {TrailReceipt.type}
    for language in ("da", "sv", "en"):
        for kind in kinds | {"event.conflicted", "record.garbled", "log.opened", "broker.joined"}:
            assert f"audit.kind.{kind}" in texts(language)
