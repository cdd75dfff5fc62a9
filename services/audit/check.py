"""Verifies the trail of a data folder."""

from pathlib import Path

from sqlalchemy.exc import DatabaseError

from infra.chassis.settings import ServiceSettings
from infra.database import Database, DatabaseUnavailableError
from infra.keyring.wrapping import WrappingKeyError, load_secret
from services.audit import note
from services.audit.adapters.sql_verify import verify_database
from services.audit.commitments import TrailSecret
from services.audit.ports import SignerRefusedError
from services.audit.signer import HeadFile
from services.audit.verify import Fault, Report


class CannotVerifyError(RuntimeError):
    """There is nothing to verify, or no key to verify it with; the message says what to do."""


async def check_folder(data: Path, vkey: str | None = None) -> Report:
    """Reads only. Raises CannotVerifyError."""
    settings = ServiceSettings(data=data)
    file = data / "audit.db"
    if settings.database_url is None and not file.exists():
        raise CannotVerifyError(f"There is no trail in {data}.")
    keys = settings.keys / "audit"
    log = _log_key(keys, vkey)
    try:
        # Before the database: the trail may grow meanwhile, and is signed only after its commit.
        signed = HeadFile(keys / "head.json").read()
    except SignerRefusedError as error:
        return Report(0, 0, (Fault(0, f"cannot be compared: {error}"),))
    database = Database(settings.database_for("audit"))
    try:
        return await verify_database(database, log, _secret(keys), signed)
    except (DatabaseError, DatabaseUnavailableError) as error:
        raise CannotVerifyError(f"The trail's database cannot be read: {_plain(error)}.") from None
    finally:
        await database.close()


def _log_key(keys: Path, vkey: str | None) -> note.Verifier:
    file = keys / "log.vkey"
    if vkey is None and not file.exists():
        raise CannotVerifyError(f"{file} is missing: name the log's public key with --key.")
    try:
        return note.parse_vkey((vkey or file.read_text("utf-8")).strip())
    except note.NoteError as error:
        raise CannotVerifyError(f"The log's public key is malformed: {error}.") from None


def _secret(keys: Path) -> TrailSecret | None:
    file = keys / "trail.secret"
    if not file.exists():
        return None
    try:
        return TrailSecret(load_secret(file))
    except WrappingKeyError as error:
        raise CannotVerifyError(str(error)) from None


def _plain(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return (str(original).splitlines() or [type(original).__name__])[0]
