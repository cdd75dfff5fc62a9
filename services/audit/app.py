"""Wires the audit service: taking in, signing, the public log and the pages."""

from pathlib import Path

from litestar import Litestar

from infra.chassis.chassis import Chassis
from infra.chassis.settings import SettingsError
from infra.keyring.wrapping import load_secret
from services.audit.adapters.receipts import BrokerReceipts
from services.audit.adapters.records import RecordReader
from services.audit.adapters.sql_search import TrailSearch
from services.audit.adapters.sql_store import SqlTrailStore
from services.audit.api import log_routes, page_routes, proof_routes
from services.audit.commitments import TrailSecret
from services.audit.ingest import Ingest
from services.audit.ports import SignerRefusedError
from services.audit.prove import Prover
from services.audit.settings import AuditSettings
from services.audit.signer import TrailSigner, load_signer
from services.audit.trail import Trail
from services.audit.watch import Watch


async def create_app(settings: AuditSettings, chassis: Chassis) -> Litestar:
    """Raises SettingsError when the log's key cannot be used."""
    folder = settings.keys / "audit"
    signer = _signer(folder, settings.audit_origin)
    secret = TrailSecret(load_secret(folder / "trail.secret"))
    store = SqlTrailStore(chassis.database)
    trail = Trail(
        origin=settings.audit_origin,
        store=store,
        keys=chassis.keyring,
        signer=signer,
        secret=secret,
        receipts=BrokerReceipts(chassis.broker, chassis.clock),
        clock=chassis.clock,
    )
    ingest = Ingest(trail, RecordReader(chassis.broker, settings.broker), chassis.metrics)
    search = TrailSearch(chassis.database, secret)
    watch = Watch(search, chassis.metrics)
    chassis.background(ingest.take_in)
    chassis.background(ingest.sign)
    chassis.background(watch.run)
    chassis.ready_when("trail", lambda: ingest.ready)
    prover = Prover(store, signer.verifier)
    return chassis.web(
        [
            *log_routes(settings.log_year, store, prover),
            *proof_routes(settings.log_year, prover),
            *page_routes(settings.log_year, search, prover, ingest),
        ],
        template_folders=[Path(__file__).parent / "pages"],
    )


def _signer(folder: Path, origin: str) -> TrailSigner:
    try:
        return load_signer(folder, origin)
    except SignerRefusedError as error:
        raise SettingsError(str(error)) from None
