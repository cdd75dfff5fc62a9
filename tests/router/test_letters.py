"""Mails to citizens: one recipient, no injected headers, recognisable copies, no answering machines."""

from email import message_from_bytes, policy
from uuid import UUID

import pytest

from services.router.letters import Correspondence, Letterhead, UnanswerableError, compose

HEAD = Letterhead("Sundby Kommune <svar@sundby.example>", "sundby.example", "70 00 00 00")
LETTER = UUID(int=7)


def letter(**changes):
    fields = {
        "id": LETTER,
        "to": "Åse Holm <aase@holm.example>",
        "subject": "SV: Hul [HV-1]",
        "body": "Kære Åse\n\nVi ser på det.\n",
    }
    return Correspondence(**fields | changes)


def on_the_wire(**changes):
    return message_from_bytes(compose(letter(**changes), HEAD).as_bytes(), policy=policy.default)


def test_it_says_who_to_whom_and_about_what():
    mail = on_the_wire()

    assert mail["From"] == "Sundby Kommune <svar@sundby.example>"
    assert mail["To"] == "Åse Holm <aase@holm.example>"
    assert mail["Subject"] == "SV: Hul [HV-1]"
    assert mail.get_content() == "Kære Åse\n\nVi ser på det.\n"


def test_a_second_copy_has_the_same_message_id():
    assert (
        on_the_wire()["Message-ID"] == on_the_wire()["Message-ID"] == f"<{LETTER}@sundby.example>"
    )


def test_no_machine_answers_it():
    mail = on_the_wire()

    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028", "\x0b"])
def test_a_subject_cannot_smuggle_in_a_header(newline):
    mail = on_the_wire(subject=f"Hul{newline}Bcc: spy@evil.example{newline}{newline}Body")

    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hul Bcc: spy@evil.example Body"
    assert mail.get_content().startswith("Kære")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_name_cannot_smuggle_in_a_header(newline):
    mail = on_the_wire(to=f'"Åse{newline}Bcc: spy@evil.example" <aase@holm.example>')

    assert mail["Bcc"] is None
    assert [one.addr_spec for one in mail["To"].addresses] == ["aase@holm.example"]


def test_it_goes_to_one_address_only():
    for several in ("a@x.example, b@y.example", "A <a@x.example>, B <b@y.example>"):
        mail = on_the_wire(to=several)

        assert len(mail["To"].addresses) == 1


@pytest.mark.parametrize(
    "to", ["", "nobody", "@x.example", "aase@", "<>", "a b@x.example", "a@x.example\x00"]
)
def test_what_is_no_address_is_not_written_to(to):
    with pytest.raises(UnanswerableError):
        compose(letter(to=to), HEAD)


def test_a_very_long_subject_is_cut():
    assert len(on_the_wire(subject="å" * 5000)["Subject"]) == 200


def test_an_answer_stands_in_its_thread():
    mail = on_the_wire(in_reply_to="<first@holm.example>")

    assert mail["In-Reply-To"] == mail["References"] == "<first@holm.example>"
