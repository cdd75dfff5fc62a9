"""What may be published where nobody is logged in: at a shell two people cannot be told apart (P9).

Nothing was approved before the first publication, and what was approved may be taught anew; every other
text needs two people at /editor/preview, or a reason that the trail keeps.
"""

from collections.abc import Mapping

from infra.chassis.clock import utc_now
from infra.chassis.staff import load_members
from infra.database import Database
from infra.text.mask import mask
from services.chatbot.adapters import releases
from services.chatbot.adapters.index_files import IndexFileError, current_digest, load_index
from services.chatbot.knowledge import Article, KnowledgeError
from services.chatbot.settings import ChatbotSettings

LONGEST = 200
RELEASERS = ("editor", "coordinator")


def published_articles(settings: ChatbotSettings) -> Mapping[str, Article] | None:
    """None before the first publication. Raises KnowledgeError when they cannot be read."""
    if current_digest(settings.index_folder) is None:
        return None
    try:
        return load_index(settings.index_folder).articles
    except IndexFileError as error:
        raise KnowledgeError([str(error)]) from error


def needs_two(before: Mapping[str, Article] | None, after: Mapping[str, Article]) -> bool:
    """Whether citizens would read something nobody released."""
    return before is not None and before != after


def objection_to_alone(settings: ChatbotSettings, by: str, why: str) -> str | None:
    """What is missing of a release by one person; None when it may be."""
    own = settings.municipality / "staff.yaml" if settings.municipality else None
    member = load_members(own if own and own.exists() else None).get(by)
    if member is None or member.role not in RELEASERS:
        return "Say who answers for it: --by ACCOUNT, an editor or coordinator of the staff file."
    if not why.strip() or len(why) > LONGEST:
        return f"Say why nobody else can release it, in 1 to {LONGEST} characters."
    return None


async def note_alone(settings: ChatbotSettings, digest: str, by: str, why: str) -> None:
    """The chat that takes the publication up tells the trail; call it before there is one."""
    database = Database(settings.database_for("chatbot"))
    try:
        await database.migrate("services.chatbot.migrations")
        async with database.write() as tx:
            # Whoever is in a hurry may name a citizen, and the trail forgets nothing.
            await releases.alone(tx, digest, by, mask(why.strip()).text[:LONGEST], utc_now())
    finally:
        await database.close()
