"""Wires the classifier: mail intake, model, consumer."""

from datetime import timedelta

from litestar import Litestar

from infra.chassis.chassis import Chassis
from infra.chassis.settings import SettingsError
from services.classifier.adapters.ledger import SqlIntakeLedger
from services.classifier.consumer import Consumer
from services.classifier.mailbox import Intake, listen
from services.classifier.model import Model
from services.classifier.repeat import Repeater
from services.classifier.settings import ClassifierSettings


async def create_app(
    settings: ClassifierSettings, chassis: Chassis, model: Model | None = None
) -> Litestar:
    """Raises SettingsError when there is no usable model."""
    ledger = SqlIntakeLedger(
        chassis.database,
        chassis.outbox,
        chassis.clock,
        timedelta(seconds=settings.classifier_repeat_seconds),
    )
    intake = Intake(ledger, chassis.keyring, settings, chassis.metrics, chassis.clock)
    chassis.background(lambda: listen(intake, settings))
    Consumer(chassis, model or _model(settings), ledger).register()
    chassis.background(Repeater(chassis, ledger).run)
    return chassis.web([])


def _model(settings: ClassifierSettings) -> Model:
    # Imported here: sentence-transformers takes seconds, and tests bring their own model.
    from services.classifier.storage import ModelError, load  # noqa: PLC0415

    try:
        return load(settings.data / "model")
    except (ModelError, OSError) as error:
        raise SettingsError(
            f"There is no usable model in {settings.data / 'model'} ({error}). Run: henvend train"
        ) from None
