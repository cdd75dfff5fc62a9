# ruff: noqa: E501 - the lines are the card's own
"""The model card, generated from the run: what it was made from, what it can and cannot do."""

from collections.abc import Mapping

from services.classifier.energy import Energy
from services.classifier.measured import Measured
from services.classifier.storage import EMBEDDING, Manifest

COMPARED = "The gate compared it with the model before it on the same inquiries (gate.json beside it, signed)."
ALONE = (
    "Nothing: no gate judged it. A first model is installed by the installation itself, for there is no other to\n"
    "compare it with; its promotion names nobody but the installation. Those after it are compared, and two persons decide."
)
CHECKED = "checked_"
"""Begins the names of figures measured on the inquiries that set the thresholds."""
NAMES = 3
"""Rows a category has of its names alone, one a language."""


def to_markdown(
    manifest: Manifest,
    digest: str,
    energy: Energy,
    watts: float,
    evaluated: Measured | None,
    *,
    compared: bool = False,
) -> str:
    """`compared`: the gate judged it against the model before it."""
    return f"""# Model card: {manifest.name}

Digest `{digest}` (SHA-256 of the manifest, which names the SHA-256 of each of {len(manifest.files)} files). Made by `henvend train`.

## What it is for
Suggests which category, and so which department of this municipality, a citizen's inquiry belongs to, with a calibrated
confidence; whether it is urgent or sensitive; which parts of it belong elsewhere. It takes no decision: a named member of
staff opens, moves and closes every case. Not for deciding about people, not for rating them, not for anything else.

## What it was made from
{_training(manifest)}

Personal data are masked before anything is learned. {_embedding(manifest)}

## What was measured in training
On training rows the model had not seen (cross-fitting: embedding, features and head made anew without them):

{_table(_measured_in_training(manifest))}
{_checked(manifest)}
A confident verdict promises {manifest.precision:.0%} precision; each category has its own threshold for it. {_meaning(manifest)}

## What was measured on the evaluation set
{_evaluated(evaluated)}

## What it was compared with
{COMPARED if compared else ALONE}

## Limits
- Short messages, indirect wording and long stories are where it errs; it then says `ask` or `unsure` and a person sorts.
- Danish, Swedish and English only. Other languages are recognised and left to people.
- The urgent flag is tuned to miss little and therefore often warns without need.
- Sample texts were written for the sample municipality, training and evaluation by the same hands; a real municipality
  brings its own and measures again.
- A changed taxonomy, law or season changes what people write: the monitor compares live precision with the promise.

## Energy
{_energy(energy, watts)}
"""


def _training(manifest: Manifest) -> str:
    counts = manifest.examples.values()
    rows = sum(sum(languages.values()) for languages in counts)
    spread = {name: sum(c.get(name, 0) for c in counts) for name in ("da", "sv", "en", "other")}
    least = min(
        (
            (sum(languages.values()), name)
            for name, languages in manifest.examples.items()
            if name != "outside"
        ),
        default=(0, ""),
    )
    foreign = sum(manifest.examples.get("outside", {}).values())
    named = "\n".join(f"| {name} | {count} |" for name, count in spread.items() if count)
    return f"""{rows} labelled rows: examples, terms, questions of approved articles, names of categories; {len(manifest.kinds)} categories, and {foreign}
rows that fit none. Fewest: {least[1]} with {least[0]}. SHA-256 of all rows `{manifest.examples_digest}`.

| language | rows |
|---|---|
{named}"""


def _measured_in_training(manifest: Manifest) -> dict[str, float]:
    foreign = "outside" in manifest.examples
    # Without foreign examples there was nothing to tell apart.
    return {
        name: value
        for name, value in manifest.metrics.items()
        if not name.startswith(CHECKED) and (foreign or name != "outside_auroc")
    }


def _checked(manifest: Manifest) -> str:
    checked = {
        name.removeprefix(CHECKED): value
        for name, value in manifest.metrics.items()
        if name.startswith(CHECKED)
    }
    if not checked:
        return ""
    return f"""
On the inquiries that set the thresholds (nobody trains on them, but thresholds fitted to them look better here than elsewhere):

{_table(checked)}
"""


def _meaning(manifest: Manifest) -> str:
    if max((sum(counts.values()) for counts in manifest.examples.values()), default=0) <= NAMES:
        return "This model knows names and\ndescriptions of categories alone, in three languages: these figures compare them with each other and say nothing of mail."
    return "Training rows are\nharder than mail: many are single terms or short questions."


def _embedding(manifest: Manifest) -> str:
    if manifest.embedding == EMBEDDING:
        return (
            "Embedding: word vectors of the folder lexicon (distilled once from multilingual-e5-small, MIT licence), weighted by\n"
            "these rows; stored with the model as a plain sentence-transformers model."
        )
    prefix = f", each text after `{manifest.prefix}`" if manifest.prefix else ""
    return f"Embedding: the model `{manifest.embedding}`, unchanged{prefix}."


def _evaluated(evaluated: Measured | None) -> str:
    if evaluated is None:
        return "Not yet on this machine: `henvend evaluate` measures it, and the next card has the figures."
    return f"""{evaluated.inquiries} inquiries that taught nothing (SHA-256 `{evaluated.evaluation}`), on {evaluated.at:%Y-%m-%d}:

{_table(evaluated.figures)}"""


def _table(figures: Mapping[str, float]) -> str:
    lines = [f"| {name.replace('_', ' ')} | {value:.1%} |" for name, value in figures.items()]
    return "\n".join(["| figure | value |", "|---|---|", *lines])


def _energy(energy: Energy, watts: float) -> str:
    how = (
        "measured by the processor's own counter (RAPL), with all else that ran meanwhile"
        if energy.source == "measured"
        else f"estimated: {watts:g} W for one busy core, the setting HENVEND_CLASSIFIER_CORE_WATTS; the processor's own counter cannot be read here"
    )
    return (
        f"About {energy.watt_hours:.3f} Wh per 1,000 inquiries ({energy.seconds * 1000:.1f} ms of one core each, measured now on\n"
        f"the model's own examples; {how}). Reading only: not the broker, the disks or the screens."
    )
