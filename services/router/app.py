"""Wires the router: consumer, mailroom, watch and staff pages."""

from pathlib import Path

from litestar import Litestar
from sqlalchemy import select

from contracts.event import Envelope, effect_id
from contracts.governance import RulesChanged
from contracts.taxonomy import load_taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.outgoing import OutgoingMail, SmtpMail
from infra.chassis.settings import SettingsError
from infra.chassis.tables import outbox
from services.router.acts import Desk
from services.router.adapters.office_days import OfficeHolidays
from services.router.api import staff_routes
from services.router.consumer import Consumer
from services.router.erasing import Erasures
from services.router.erasure_api import erasure_api
from services.router.erasure_page import erasure_routes
from services.router.live import Changes
from services.router.mailroom import Mailroom
from services.router.monitor_page import monitor_routes
from services.router.monitor_rounds import Rounds
from services.router.office import Office
from services.router.office_pages import office_routes
from services.router.operator_pages import operator_routes
from services.router.policy import Policy, PolicyError, load_policy
from services.router.promise_keeper import PromiseKeeper
from services.router.receipt_page import Counter, receipt_routes
from services.router.retention import Retention, RetentionError, load_retention
from services.router.retention_rounds import RetentionRounds
from services.router.route import RoutingTable
from services.router.rules import RulesError, load_rules, rules_path
from services.router.settings import RouterSettings
from services.router.watch import Watch


async def create_app(
    settings: RouterSettings,
    chassis: Chassis,
    mail: OutgoingMail | None = None,
    table: RoutingTable | None = None,
) -> Litestar:
    """Raises SettingsError or TaxonomyError when the municipality's files are wrong."""
    table = table or load_table(settings)
    changes = Changes()
    erasing = Erasures(chassis, _load_retention(settings, table), changes)
    consumer = Consumer(chassis, table, changes, erasing)
    consumer.register()
    await _announce_rules(chassis, table)
    mailroom = Mailroom(chassis, settings, table.taxonomy, mail or SmtpMail(settings))
    chassis.background(mailroom.run)
    chassis.background(Watch(chassis, settings, consumer).run)
    chassis.background(erasing.run)
    chassis.background(RetentionRounds(erasing).run)
    promises = PromiseKeeper(chassis, _load_policy(settings), changes)
    chassis.background(Rounds(promises, table.taxonomy).run)
    desk = Desk(chassis, table.taxonomy, changes, promises)
    counter = Counter(chassis, table, changes)
    office = Office(chassis, table.taxonomy, changes)
    app = chassis.web(
        [
            *staff_routes(chassis, desk, table),
            *operator_routes(chassis, desk),
            *office_routes(office),
            *erasure_routes(erasing, table.taxonomy),
            *erasure_api(erasing),
            *monitor_routes(promises, table.taxonomy),
            *receipt_routes(counter),
        ],
        template_folders=[Path(__file__).parent / "pages"],
        # The secret address is the only credential there; browsers without cookies must get through.
        csrf_exclude=["^/receipt/"],
    )
    app.state.consumer = consumer
    app.state.desk = desk
    app.state.erasing = erasing
    return app


def _load_policy(settings: RouterSettings) -> Policy:
    try:
        return load_policy(settings.municipality)
    except PolicyError as error:
        raise SettingsError(str(error)) from None


def _load_retention(settings: RouterSettings, table: RoutingTable) -> Retention:
    try:
        return load_retention(settings.municipality, table.taxonomy)
    except RetentionError as error:
        raise SettingsError(str(error)) from None


def load_table(settings: RouterSettings) -> RoutingTable:
    folder = settings.municipality
    own_taxonomy = folder / "taxonomy.yaml" if folder else None
    taxonomy = load_taxonomy(own_taxonomy if own_taxonomy and own_taxonomy.exists() else None)
    try:
        rules = load_rules(rules_path(folder), taxonomy)
    except RulesError as error:
        raise SettingsError(str(error)) from None
    return RoutingTable(rules=rules, taxonomy=taxonomy, holidays=OfficeHolidays())


async def _announce_rules(chassis: Chassis, table: RoutingTable) -> None:
    """Rules that decide from now on are in the trail before they decide."""
    digest = table.rules.digest
    async with chassis.database.write() as tx:
        known = await tx.execute(
            select(outbox.c.key).where(outbox.c.topic == RulesChanged.type).order_by(outbox.c.seq)
        )
        digests = [key.decode() for key in known.scalars()]
        if digests and digests[-1] == digest:
            return
        event = RulesChanged(
            digest=digest, previous=digests[-1] if digests else None, by="municipality"
        )
        now = chassis.clock()
        envelope = Envelope[RulesChanged].of(
            event,
            event_id=effect_id(digest, f"rules/{len(digests)}"),
            source=chassis.service,
            time=now,
        )
        await chassis.outbox.put(tx, envelope, cause=None)
