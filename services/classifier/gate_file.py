"""gate.json: a verdict and this installation's signature on it, beside the candidate it is about."""

import json
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from services.classifier.gate import GateError, Verdict
from services.classifier.model_files import GATE
from services.classifier.signature import ModelSigner


def write_verdict(folder: Path, verdict: Verdict, signer: ModelSigner) -> None:
    """Appears as a whole: a candidate without its verdict is still being made."""
    body = verdict.model_dump_json()
    content = {"verdict": json.loads(body), "signature": signer.sign(body)}
    fresh = folder / f"{GATE}.new"
    fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    fresh.replace(folder / GATE)


def read_verdict(folder: Path, signer: ModelSigner) -> tuple[Verdict, str]:
    """The verdict, and SHA-256 of its file. Raises GateError, or SignatureError when it was changed."""
    raw = (folder / GATE).read_bytes()
    try:
        content = json.loads(raw)
        verdict = Verdict.model_validate(content["verdict"])
        signature = str(content["signature"])
    except (ValueError, KeyError, TypeError, ValidationError):
        raise GateError(f"{GATE} in {folder} cannot be read: run henvend retrain.") from None
    signer.require(verdict.model_dump_json(), signature, f"{GATE} in {folder}")
    return verdict, sha256(raw).hexdigest()
