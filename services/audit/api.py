"""The public log (checkpoint, tiles, proofs) and the pages for those who watch over it."""

from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from contracts.reference import tidy_reference
from infra.chassis.staff import StaffMember
from infra.chassis.web import requires
from infra.pages.pages import language_of, texts
from services.audit.adapters.sql_search import StoredLeaf, TrailSearch
from services.audit.ingest import Ingest
from services.audit.leaf import leaf_hash
from services.audit.note import NoteError
from services.audit.ports import TrailStore
from services.audit.proof import consistency_text
from services.audit.prove import Head, NotInLogError, Prover
from services.audit.read import Line, read_line, readable_time
from services.audit.tiles import TilePathError, parse_bundle_path, parse_tile_path

StaffRequest = Request[StaffMember, Any, Any]
WATCHERS = requires("ombudsman", "dpo", "operator")
AUDITORS = requires("ombudsman")
IMMUTABLE = "public, max-age=31536000, immutable"
BRIEF = "public, max-age=5"


def log_routes(year: str, store: TrailStore, prover: Prover) -> list[ControllerRouterHandler]:
    """The public part of C2SP tlog-tiles under /log/<year>/."""
    base = f"/log/{year}"

    @get(f"{base}/checkpoint", exclude_from_auth=True)
    async def checkpoint() -> Response[bytes]:
        newest = await store.newest_checkpoint()
        if newest is None:
            raise NotFoundException("Nothing has been signed yet.")
        return _plain(newest.note, BRIEF)

    @get(f"{base}/log.vkey", exclude_from_auth=True, sync_to_thread=False)
    def public_key() -> Response[bytes]:
        return _plain(prover.vkey + "\n", BRIEF)

    @get(f"{base}/tile/{{level:str}}/{{rest:path}}", exclude_from_auth=True)
    async def tile(level: str, rest: str) -> Response[bytes]:
        try:
            wanted = parse_tile_path(level, rest.lstrip("/"))
            return _binary(await prover.tile(wanted), IMMUTABLE)
        except (TilePathError, NotInLogError):
            raise NotFoundException("The log has no such tile.") from None

    return [checkpoint, public_key, tile]


def proof_routes(year: str, prover: Prover) -> list[ControllerRouterHandler]:
    """Entries and proofs; entries are pseudonymous personal data, so only for those who watch."""
    base = f"/log/{year}"

    @get(f"{base}/tile/entries/{{rest:path}}", guards=[AUDITORS])
    async def entries(rest: str) -> Response[bytes]:
        try:
            wanted = parse_bundle_path(rest.lstrip("/"))
            return _binary(await prover.bundle(wanted.number, wanted.width), "private, no-store")
        except (TilePathError, NotInLogError):
            raise NotFoundException("The log has no such entries.") from None

    @get(f"{base}/consistency/{{old:int}}/{{new:int}}", exclude_from_auth=True)
    async def consistency(old: int, new: int) -> Response[bytes]:
        try:
            return _plain(consistency_text(await prover.consistency(old, new)), BRIEF)
        except NotInLogError:
            raise NotFoundException("The log has no such sizes.") from None

    @get(f"{base}/proof/{{name:str}}", guards=[WATCHERS])
    async def proof(name: str) -> Response[bytes]:
        try:
            found = await prover.entry_proof(_index(name, ".tlog-proof"))
        except NotInLogError:
            raise NotFoundException("The signed log has no such entry.") from None
        response = _plain(found.serialise(), "private, no-store")
        response.headers["content-disposition"] = f'attachment; filename="{found.entry}.tlog-proof"'
        return response

    return [entries, consistency, proof]


def page_routes(
    year: str, search: TrailSearch, prover: Prover, ingest: Ingest
) -> list[ControllerRouterHandler]:
    @get("/", guards=[WATCHERS])
    async def overview(request: StaffRequest) -> Template:
        head = await _head_or_none(prover)
        context = {
            "head": head,
            "signed_at": readable_time(head.signed_at) if head else None,
            "size": await search.size(),
            "balance": await search.balance(),
            "newest": await _lines(await search.newest(), prover, head),
            "troubles": await _lines(await search.troubles(), prover, head),
            "refused": ingest.refused,
            "vkey": prover.vkey,
            "year": year,
        }
        return Template("trail.html", context=context | _wording(request))

    @get("/inquiries", guards=[WATCHERS])
    async def inquiry(
        request: StaffRequest,
        typed: Annotated[str, Parameter(query="reference", max_length=60)] = "",
    ) -> Template:
        wanted = tidy_reference(typed)
        found = await search.inquiries(wanted)
        head = await _head_or_none(prover)
        lines = await _lines(await search.timeline(found), prover, head)
        context = {
            "wanted": wanted,
            "lines": lines,
            "gap": _gap(lines),
            "signed_at": readable_time(head.signed_at) if head else None,
            "year": year,
        }
        return Template("inquiry.html", context=context | _wording(request))

    @get("/entries/{idx:int}", guards=[WATCHERS])
    async def entry(request: StaffRequest, idx: int) -> Template:
        found = await search.entry(idx)
        if found is None:
            raise NotFoundException("The log has no such entry.")
        head = await _head_or_none(prover)
        context = {
            "line": (await _lines([found], prover, head))[0],
            "body": found.body.decode("utf-8", "replace"),
            "hash": leaf_hash(found.body).hex(),
            "signed_at": readable_time(head.signed_at) if head else None,
            "year": year,
        }
        return Template("entry.html", context=context | _wording(request))

    return [overview, inquiry, entry]


async def _head_or_none(prover: Prover) -> Head | None:
    """A stored checkpoint that is not the log's proves nothing; the page then shows no proof."""
    try:
        return await prover.head()
    except NoteError:
        return None


async def _lines(leaves: Iterable[StoredLeaf], prover: Prover, head: Head | None) -> list[Line]:
    return [
        read_line(leaf.idx, leaf.body, await prover.state_of(leaf.idx, leaf.body, head))
        for leaf in leaves
    ]


def _gap(lines: list[Line]) -> bool:
    """An inquiry's entries are numbered from 0 without a break."""
    due: dict[str, int] = {}
    for line in lines:
        if line.number is not None and line.number != due.get(line.inquiry, 0):
            return True
        due[line.inquiry] = due.get(line.inquiry, 0) + 1
    return False


def _wording(request: StaffRequest) -> dict[str, Any]:
    """Codes that have a text in the reader's language; other codes are shown as they are."""
    catalogue = texts(language_of(request))
    return {"word": lambda group, code: catalogue.get(f"audit.{group}.{code}", code)}


def _index(name: str, suffix: str) -> int:
    digits = name.removesuffix(suffix)
    if (
        not name.endswith(suffix)
        or not digits.isascii()
        or not digits.isdigit()
        or len(digits) > 18
    ):
        raise NotFoundException("The log has no such entry.")
    return int(digits)


def _plain(text: str, cache: str) -> Response[bytes]:
    return Response(text.encode(), media_type="text/plain", headers={"cache-control": cache})


def _binary(data: bytes, cache: str) -> Response[bytes]:
    return Response(data, media_type="application/octet-stream", headers={"cache-control": cache})
