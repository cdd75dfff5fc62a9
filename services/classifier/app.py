"""Wires the classifier: mail intake, model, consumer, the page on which models are promoted."""

from datetime import timedelta
from pathlib import Path

from litestar import Litestar

from infra.chassis.chassis import Chassis
from infra.chassis.settings import SettingsError
from services.classifier.adapters.decisions import SqlDecisions
from services.classifier.adapters.ledger import SqlIntakeLedger
from services.classifier.consumer import Consumer
from services.classifier.energy import Meter
from services.classifier.mailbox import Intake, listen
from services.classifier.model_in_use import Load, ModelInUse, load_model
from services.classifier.models_page import ModelsDesk, model_routes
from services.classifier.promote import Promotions
from services.classifier.repeat import Repeater
from services.classifier.settings import ClassifierSettings
from services.classifier.signature import load_signer
from services.classifier.storage import ModelError


async def create_app(
    settings: ClassifierSettings, chassis: Chassis, load: Load = load_model
) -> Litestar:
    """Raises SettingsError when there is no usable model, or not the one that was approved."""
    ledger = SqlIntakeLedger(
        chassis.database,
        chassis.outbox,
        chassis.clock,
        timedelta(seconds=settings.classifier_repeat_seconds),
    )
    intake = Intake(ledger, chassis.keyring, settings, chassis.metrics, chassis.clock)
    chassis.background(lambda: listen(intake, settings))
    try:
        promotions = _promotions(settings, chassis)
        models = await ModelInUse.start(promotions, load)
    except (ModelError, OSError) as error:
        raise SettingsError(f"There is no usable model. {error}") from None
    meter = Meter(settings.classifier_core_watts)
    Consumer(chassis, models, ledger, SqlDecisions(chassis.database), meter).register()
    chassis.background(Repeater(chassis, ledger).run)
    chassis.background(lambda: models.follow(promotions))
    return chassis.web(
        model_routes(ModelsDesk(chassis, promotions, models, settings.data, meter)),
        template_folders=[Path(__file__).parent / "pages"],
    )


def _promotions(settings: ClassifierSettings, chassis: Chassis) -> Promotions:
    return Promotions(
        chassis.database,
        chassis.outbox,
        load_signer(settings.keys),
        settings.data,
        chassis.clock,
    )
