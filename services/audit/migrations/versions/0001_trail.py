"""The trail, its indexes, and the guards against accidental change (the tree catches the rest)."""

import sqlalchemy as sa
from alembic import op

from infra.chassis.tables import create_chassis_tables

revision = "0001"
down_revision = None

FROZEN = {
    "leaf": ("UPDATE", "DELETE"),
    "tile": ("UPDATE", "DELETE"),
    "checkpoint": ("UPDATE", "DELETE"),
    "inq_leaf": ("UPDATE",),
    "event": ("UPDATE",),
}
# A partial tile may go once a wider one holds its hashes.
EXCEPT = {("tile", "DELETE"): "OLD.w = 256"}


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "leaf",
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("eid", sa.Uuid, nullable=False, unique=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.SmallInteger, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("w", sa.SmallInteger, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("origin", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("receipted", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed_at", sa.String(27), nullable=False),
    )
    op.create_table(
        "koffset",
        sa.Column("cluster", sa.String(80), primary_key=True),
        sa.Column("topic", sa.String(80), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("next", sa.BigInteger, nullable=False),
    )
    _create_indexes()
    _freeze()


def _create_indexes() -> None:
    op.create_table(
        "inq_leaf",
        sa.Column("inquiry", sa.Uuid, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("idx", sa.BigInteger, nullable=False, unique=True),
        sa.Column("inq", sa.String(64), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Uuid),
        sa.Column("typ", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(120), nullable=False),
        sa.Column("rx", sa.String(27), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Index("event_by_kind", "kind", "outcome"),
        sa.Index("event_by_typ", "typ", "idx"),
    )
    op.create_table(
        "reference",
        sa.Column("mac", sa.LargeBinary(32), primary_key=True),
        sa.Column("inquiry", sa.Uuid, primary_key=True),
    )
    op.create_table(
        "quarantine",
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("cluster", sa.String(80), nullable=False),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("off", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.Text),
    )


def _freeze() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the trail is append-only'; END $$"
        )
    for table, acts in FROZEN.items():
        for act in acts:
            when = EXCEPT.get((table, act))
            condition = f" WHEN ({when})" if when else ""
            body = (
                "EXECUTE FUNCTION trail_is_append_only()"
                if postgres
                else "BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"FOR EACH ROW{condition} {body}"
            )
