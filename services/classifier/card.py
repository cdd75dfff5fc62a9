# ruff: noqa: E501 - the lines are the card's own
"""The model card, generated from the run: what it was made from, what it can and cannot do."""

from services.classifier.storage import Manifest

WATTS = 15.0
"""Assumed power of one busy core of a server, in watts; stated because it cannot be measured here."""


def to_markdown(manifest: Manifest, digest: str, seconds_per_inquiry: float) -> str:
    """Markdown; `seconds_per_inquiry` is processor time, for the energy estimate."""
    watt_hours = 1000 * seconds_per_inquiry * WATTS / 3600
    rows = sum(sum(languages.values()) for languages in manifest.examples.values())
    languages = {
        name: sum(counts.get(name, 0) for counts in manifest.examples.values())
        for name in ("da", "sv", "en", "other")
    }
    spread = ", ".join(f"{name} {count}" for name, count in languages.items() if count)
    metrics = "\n".join(
        f"| {name.replace('_', ' ')} | {value:.1%} |" for name, value in manifest.metrics.items()
    )
    return f"""# Model card: {manifest.name}

Digest `{digest}`. Made by `henvend train`.

## What it is for
Suggests which category, and so which department, a citizen's inquiry belongs to, with a calibrated confidence. It takes no
decision: a named member of staff opens, moves and closes every case. Not for anything else.

## What it was made from
{rows} labelled examples in {len(manifest.examples)} categories ({spread}); SHA-256 of the examples `{manifest.examples_digest}`.
Personal data are masked before anything is learned. Embedding: {manifest.embedding}.

## What was measured
On examples the model had not seen (three-fold cross-fitting; `henvend evaluate` has the separate evaluation set):

| figure | value |
|---|---|
{metrics}

A confident verdict promises {manifest.precision:.0%} precision; each category has its own threshold for it.

## Limits
- Short messages, indirect wording and long stories are where it errs; it then says `ask` or `unsure` and a person sorts.
- Danish, Swedish and English only. Other languages are recognised and left to people.
- The urgent flag is tuned to miss little and therefore often warns without need.
- The sample's examples were written for the sample municipality; a real one must bring its own and measure again.

## Energy
About {watt_hours:.3f} Wh per 1,000 inquiries ({seconds_per_inquiry * 1000:.1f} ms of one core each, {WATTS:.0f} W assumed).
"""
