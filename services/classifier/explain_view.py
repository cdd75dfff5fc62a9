"""An explanation for a person at a terminal."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from infra.keyring import DataKey
from services.classifier.adapters.decisions import Decision
from services.classifier.explain import Explanation, explain
from services.classifier.model_files import approved_folder, require_whole
from services.classifier.storage import load

screen = Console(highlight=False, soft_wrap=True)


def print_decision(data: Path, decision: Decision, key: DataKey) -> bool:
    """True when the machine says the same again. Raises ModelError when its model is not usable."""
    folder = approved_folder(data, decision.model)
    screen.print(
        f"Inquiry {decision.received.reference}, decided {decision.at:%Y-%m-%d %H:%M:%S} UTC"
    )
    screen.print(f"Event {decision.event}, model {decision.model[:12]}")
    if not folder.is_dir():
        screen.print(f"That model is no longer kept ({folder}): it cannot be made again.")
        return False
    require_whole(folder)
    explanation = explain(decision, load(folder), key)
    _print_what_was_said(explanation)
    if explanation.identical:
        screen.print("Made again: identical, byte for byte.")
        if explanation.added:
            screen.print(f"Events say more since: {', '.join(explanation.added)}.")
        return True
    screen.print("Made again: DIFFERENT.")
    for one in explanation.differences:
        screen.print(escape(f"  {one.field}: was {one.recorded}, is {one.again}"))
    return False


def _print_what_was_said(explanation: Explanation) -> None:
    said, evidence = explanation.recorded, explanation.evidence
    screen.print(
        f"Verdict {said.verdict}: {said.category or 'no category'} with confidence "
        f"{said.confidence:.1%} (needed {said.threshold:.1%}), language {said.language}"
    )
    for one in said.alternatives:
        screen.print(f"  {one.confidence:6.1%}  {one.category}")
    flags = [name for name in ("urgent", "sensitive", "wants_person") if getattr(said, name)]
    if flags:
        screen.print(f"Flags: {', '.join(flags)}")
    if evidence is None:
        return
    for phrase in evidence.phrases:
        words = explanation.text[phrase.start : phrase.end]
        screen.print(escape(f"  words that weighed {phrase.weight:+.2f}: {words}"))
    if evidence.flip:
        screen.print(escape(f'  without "{evidence.flip}" it would be {evidence.runner_up}'))
    for near in evidence.nearest:
        screen.print(escape(f"  near ({near.similarity:.2f}, {near.category}): {near.text}"))
