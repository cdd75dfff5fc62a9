"""Article text as safe HTML: no raw HTML, links to other articles become buttons of a form."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NUMBER = re.compile(r"<strong>(\d[\d -]{1,16}\d)</strong>")
Titles = Callable[[str], str | None]
"""Title of a topic in the language of the text; None when it does not answer."""


def to_html(markdown: str) -> str:
    """`[x](kb:topic)` becomes `<button name="topic" value="topic">x</button>`."""
    return str(_parser().render(markdown)).strip()


def callable_numbers(html: str) -> str:
    """Numbers in bold can be tapped: for help in danger, where nobody should have to type."""
    return _NUMBER.sub(_call, html)


def kept_together(html: str, words: str) -> str:
    """A reference is not broken over two lines, however narrow the page."""
    return html.replace(words, f'<span class="keep">{words}</span>')


def to_text(markdown: str) -> str:
    """For terminals and downloads: link targets in brackets, emphasis marks gone."""
    out: list[str] = []
    for line in markdown.splitlines():
        plain = line.replace("**", "")
        out.append(_plain_links(plain))
    return "\n".join(out).strip()


def _plain_links(line: str) -> str:
    start = line.find("[")
    while start >= 0:
        middle, end = line.find("](", start), line.find(")", start)
        if middle < 0 or end < middle:
            break
        label, target = line[start + 1 : middle], line[middle + 2 : end]
        bare = target.removeprefix("https://www.").removeprefix("https://").rstrip("/")
        shown = (
            label if label == bare or target.startswith(("kb:", "tel:")) else f"{label} ({bare})"
        )
        line = line[:start] + shown + line[end + 1 :]
        start = line.find("[", start + len(shown))
    return line


def _call(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[1])
    return f'<a class="keep" href="tel:{digits}"><strong>{found[1]}</strong></a>'


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.disable(["image", "html_block", "html_inline", "code", "fence", "heading", "lheading"])
    parser.validateLink = _is_ours  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("link_close", _close_link)
    return parser


def _is_ours(url: str) -> bool:
    return url.startswith(("https://", "http://", "kb:", "tel:", "mailto:"))


def _open_link(_self: Any, tokens: Sequence[Token], idx: int, _options: Any, _env: Any) -> str:
    href = str(tokens[idx].attrGet("href") or "")
    if href.startswith("kb:"):
        topic = escape(href.removeprefix("kb:"), quote=True)
        return f'<button type="submit" class="topic" name="topic" value="{topic}">'
    return f'<a href="{escape(href, quote=True)}" rel="noopener noreferrer">'


def _close_link(_self: Any, tokens: Sequence[Token], idx: int, _options: Any, _env: Any) -> str:
    depth = 1
    for token in reversed(tokens[:idx]):
        depth += (token.type == "link_close") - (token.type == "link_open")
        if depth == 0:
            is_topic = str(token.attrGet("href") or "").startswith("kb:")
            return "</button>" if is_topic else "</a>"
    return "</a>"
