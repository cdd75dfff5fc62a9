"""The mails a citizen gets: an acknowledgement when the case is really open, and staff's replies."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
from uuid import UUID


@dataclass(frozen=True)
class Letterhead:
    sender: str
    """`Name <address>`."""
    domain: str
    phone: str


@dataclass(frozen=True)
class Correspondence:
    """Texts are already in the citizen's language."""

    id: UUID
    to: str
    subject: str
    body: str
    in_reply_to: str | None = None


class UnanswerableError(ValueError):
    """There is no usable address to answer to."""


def compose(letter: Correspondence, head: Letterhead) -> EmailMessage:
    """A plain-text mail; its Message-ID comes from the letter's id, so a second copy is recognised.

    Raises UnanswerableError when the recipient is no address.
    """
    name, address = parseaddr(_one_line(letter.to))
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or not address.isprintable() or " " in address:
        raise UnanswerableError
    message = EmailMessage()
    message["From"] = head.sender
    try:
        message["To"] = Address(_plain(name), addr_spec=address)
    except ValueError:
        message["To"] = formataddr(("", address))
    message["Subject"] = _one_line(letter.subject)[:200]
    message["Message-ID"] = f"<{letter.id}@{head.domain}>"
    if letter.in_reply_to:
        message["In-Reply-To"] = _one_line(letter.in_reply_to)
        message["References"] = _one_line(letter.in_reply_to)
    # RFC 3834: no machine should answer this.
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.body)
    return message


def _plain(name: str) -> str:
    """Letters only: quoted specials next to encoded words come out of `email` unquoted."""
    return _one_line("".join(c if c.isalnum() or c in " .'-" else " " for c in name))


def _one_line(text: str) -> str:
    return " ".join(text.split())
