"""What a citizen newly wrote, out of mails as they really come."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.mail import decode_text, html_to_text, new_text, read_mail

SAMPLES = Path(__file__).parents[2] / "infra" / "embedded" / "samples"


def mail(text: str = "Hej", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Jens <jens@eksempel.example>"
    message["Subject"] = "Et emne"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def sample(name: str):
    (path,) = SAMPLES.glob(f"*-{name}.eml")
    return read_mail(path.read_bytes(), return_path="x@eksempel.example")


def test_there_are_24_samples_that_all_have_text():
    read = [read_mail(p.read_bytes(), return_path="x@y.example") for p in SAMPLES.glob("*.eml")]

    assert len(read) == 24
    assert all(one.text and one.title and "@" in one.sender for one in read)


def test_quoted_text_of_an_earlier_mail_is_left_out():
    assert "modtaget din ansøgning" not in sample("svar-paa-brev").text
    assert "min søns sofa" in sample("svar-paa-brev").text


def test_outlooks_quoting_is_left_out_too():
    assert "Ønsker I et møde" not in sample("outlook-svar").text
    assert "Sønderskolen" in sample("outlook-svar").text


def test_swedish_quoting_is_left_out_too():
    assert "Vilka tider" not in sample("sv-svar").text


def test_a_mail_of_html_only_is_read_without_its_styles():
    assert sample("kun-html").text.startswith("God dag,\nVores nabo er begyndt på")
    assert "color" not in sample("kun-html").text


def test_latin_1_letters_are_right():
    assert "Bodil Sørensen" in sample("latin-1").text


def test_attachments_are_counted_and_not_read():
    assert sample("hul-i-vejen").attachments == 1
    assert sample("skraldespand").attachments == 0


@pytest.mark.parametrize(
    ("raw", "charset", "expected"),
    [
        ("blåbær".encode(), "us-ascii", "blåbær"),
        ("blåbær".encode(), None, "blåbær"),
        ("blåbær".encode("latin-1"), "iso-8859-1", "blåbær"),
        ("blåbær".encode(), "iso-8859-1", "blåbær"),
        (b"kort \x96 godt", "iso-8859-1", "kort – godt"),
        ("blåbær".encode(), "x-unknown", "blåbær"),
        ("blåbær".encode("cp1252"), "utf-8", "blåbær"),
    ],
)
def test_a_wrong_charset_does_not_spoil_the_text(raw, charset, expected):
    assert decode_text(raw, charset) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<nyt.eksempel.example>"},
    ],
)
def test_a_machines_mail_is_marked(headers):
    assert read_mail(mail(**headers), return_path="a@b.example").automatic


def test_a_bounce_is_marked():
    assert read_mail(mail(), return_path="").automatic


def test_a_persons_mail_is_not_marked():
    assert not read_mail(mail(Auto_Submitted="no"), return_path="a@b.example").automatic


def test_a_reference_in_the_subject_links_to_the_earlier_inquiry():
    raw = mail(text="Jeg har et spørgsmål mere")
    raw = raw.replace(b"Subject: Et emne", b"Subject: SV: Hul [hv-4cx7n-ng9j9]")

    assert read_mail(raw, return_path="a@b.example").reference == "HV-4CX7N-NG9J9"


def test_the_same_words_are_the_same_digest_whatever_way_the_mail_took():
    one = mail(Received="from a by b")
    other = mail(Received="from c by d")

    assert read_mail(one, return_path="x@y").digest == read_mail(other, return_path="x@y").digest


def test_when_everything_is_quoted_nothing_is_thrown_away():
    assert new_text("> Hej\n> Jens") != ""


def test_html_paragraphs_do_not_run_together():
    assert html_to_text("<p>Et</p><p>To<br>Tre</p><script>x()</script>") == "Et\nTo\nTre"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reader(raw):
    assert isinstance(read_mail(raw, return_path=None).text, str)


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=60), st.sampled_from([b"Subject", b"From", b"Content-Type", b"Message-ID"])
)
def test_no_header_breaks_the_reader(value, name):
    raw = name + b": " + value.replace(b"\n", b"") + b"\n\nHej Jens\n"

    assert isinstance(read_mail(raw, return_path=None).title, str)
