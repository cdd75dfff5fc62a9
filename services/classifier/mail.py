"""What a citizen newly wrote in a mail: charset, HTML, quoted text and machines' mails sorted out."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

from mailparser_reply import EmailReplyParser
from selectolax.lexbor import LexborHTMLParser

from contracts.reference import tidy_reference

LANGUAGES = ["da", "sv", "en", "de"]
REFERENCE = re.compile(r"\bHV-[0-9A-Za-z]{5}-[0-9A-Za-z]{5}\b", re.IGNORECASE)
# Declared like this, a text is more often UTF-8 than what it says.
DOUBTFUL = {"", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "unknown-8bit"}
SKIPPED = "style,script,head,title,blockquote,.gmail_quote,.moz-cite-prefix"
BLOCKS = "p,div,li,tr,h1,h2,h3,h4,h5,h6,ul,ol,table,section,article,header,footer"


@dataclass(frozen=True)
class ReadMail:
    """`text` is only what is new in this mail; `digest` tells two different mails apart."""

    message_id: str
    title: str
    sender: str
    text: str
    attachments: int
    automatic: bool
    reference: str | None
    """A reference of ours that the mail names: it follows that inquiry."""
    digest: str


def read_mail(raw: bytes, *, return_path: str | None = None) -> ReadMail:
    """Never fails: what cannot be decoded is replaced, for a person can still read the rest."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    title = _header(message, "Subject")
    body = _body(message)
    text = new_text(body)
    named = REFERENCE.search(title) or REFERENCE.search(body)
    return ReadMail(
        message_id=_header(message, "Message-ID"),
        title=title,
        sender=_header(message, "Reply-To") or _header(message, "From") or (return_path or ""),
        text=text,
        attachments=_attachments(message),
        automatic=_is_automatic(message, return_path),
        reference=tidy_reference(named.group()) if named else None,
        digest=sha256(f"{title}\0{body}".encode("utf-8", "replace")).hexdigest(),
    )


def new_text(body: str) -> str:
    """The newest reply without quoted text; the whole when nothing would be left."""
    if not body.strip():
        return ""
    try:
        newest = EmailReplyParser(languages=LANGUAGES).read(body).latest_reply or ""
    except (RecursionError, re.error, IndexError, ValueError):
        newest = ""
    newest = newest.strip()
    return newest or body.strip()


def decode_text(raw: bytes, charset: str | None) -> str:
    """Declared charset, else UTF-8, else Windows-1252; a doubtful declaration comes last."""
    declared = (charset or "").strip().lower()
    order = ["utf-8", "cp1252"] if declared in DOUBTFUL else [declared, "utf-8", "cp1252"]
    for name in order:
        try:
            return raw.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return raw.decode("cp1252", "replace")


def html_to_text(html: str) -> str:
    tree = LexborHTMLParser(html)
    for node in tree.css(SKIPPED):
        node.decompose()
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css(BLOCKS):
        node.insert_after("\n")
    root = tree.body or tree.root
    text = root.text() if root is not None else ""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _body(message: EmailMessage) -> str:
    plain = [_content(part) for part in _parts(message, "text/plain")]
    text = "\n".join(filter(None, plain)).strip()
    if text:
        return text
    return "\n".join(html_to_text(_content(part)) for part in _parts(message, "text/html")).strip()


def _parts(message: EmailMessage, content_type: str) -> list[Any]:
    return [
        part
        for part in message.walk()
        if part.get_content_type() == content_type
        and not part.is_multipart()
        and part.get_content_disposition() != "attachment"
    ]


def _content(part: Any) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return decode_text(payload, part.get_content_charset()).replace("\r\n", "\n").replace("\0", "")


def _attachments(message: EmailMessage) -> int:
    return sum(
        1
        for part in message.walk()
        if not part.is_multipart()
        and (
            part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text"
        )
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        # The standard parser raises on some broken headers; the raw value is better than none.
        value = str(next((v for k, v in message.raw_items() if k.lower() == name.lower()), ""))
    cleaned = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(cleaned.split())[:998]


def _is_automatic(message: EmailMessage, return_path: str | None) -> bool:
    """RFC 3834 section 2 and 5.1, and what lists and older responders say instead."""
    submitted = _header(message, "Auto-Submitted").lower()
    precedence = _header(message, "Precedence").lower()
    sender = _header(message, "From").lower()
    return (
        (submitted not in {"", "no"})
        or precedence in {"bulk", "list", "junk", "auto_reply"}
        or any(message.get(name) for name in ("List-Id", "List-Unsubscribe", "X-Autoreply"))
        or return_path in {"", "<>"}
        or "mailer-daemon@" in sender
    )
