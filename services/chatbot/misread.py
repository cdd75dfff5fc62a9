"""When nobody is in danger: one button has the message answered that the alarm took for a cry.

Nothing else stands beneath the numbers: a price list under somebody's farewell would hurt.
"""

from collections.abc import Iterable

from services.chatbot.room import Shown


def misread(shown: Iterable[Shown]) -> str | None:
    """The citizen's message at which the alarm rang last; None when it never did."""
    said, rang = None, None
    for one in shown:
        if one.role == "citizen":
            said = one.text
        elif one.about.get("danger") == "alarm":
            rang = said
    return rang
