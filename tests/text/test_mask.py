"""Personal data is found where it is, and nothing else is taken for it."""

from itertools import pairwise

import pytest

from infra.text.mask import blank, find_personal, mask


def kinds(text: str) -> list[str]:
    return [span.kind for span in find_personal(text)]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("mit cpr er 010180-1234 tak", "cpr", "010180-1234"),
        ("cpr-nr: 311299 4321", "cpr", "311299 4321"),
        ("personnummer 19800112-1239", "personnummer", "19800112-1239"),
        ("ring på 12 34 56 78 efter kl. 15", "phone", "12 34 56 78"),
        ("tlf. 22334455", "phone", "22334455"),
        ("+45 22 33 44 55", "phone", "+45 22 33 44 55"),
        ("ring 070-123 45 67", "phone", "070-123 45 67"),
        ("skriv til anna.jensen@eksempel.dk", "email", "anna.jensen@eksempel.dk"),
        ("bor på nørregade 22, 3. tv", "address", "nørregade 22, 3. tv"),
        ("Peter Bangs Vej 112B er vores", "address", "Peter Bangs Vej 112B"),
        ("bor på Storgatan 5, 211 34 Malmö", "address", "Storgatan 5, 211 34 Malmö"),
        ("I live at 12 High Street", "address", "12 High Street"),
        ("jeg hedder mohammed og venter", "person", "mohammed"),
        ("Jag heter Kalle Andersson.", "person", "Kalle Andersson"),
        ("min nabo Fatima larmer", "person", "Fatima"),
        ("kort 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("IBAN DK50 0040 0440 1162 43", "iban", "DK50 0040 0440 1162 43"),
    ],
)
def test_personal_data_is_found_with_its_kind(text: str, kind: str, found: str) -> None:
    spans = find_personal(text)

    assert [(s.kind, text[s.start : s.end]) for s in spans] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "Sag HV-ABCDE-12345 fra i sommer",
        "ordrenummer 12345678",
        "faktura 2026001234",
        "den 22.11.2026 kl. 14.30",
        "pris 1.250 kr og 100.000 kr",
        "skoleåret 2025-2026",
        "CVR 12345678",
        "sagsnr. 123456-7890",
        "20261122",
        "Kære Sundby Kommune, hvornår åbner I?",
        "kl. 10-12 den 3/4, rum 4.2.17",
        "motorvej 3 er spærret",
        "linje 5 og bus 250",
        "Byggetilladelse",
        "Rösträttsålder",
    ],
)
def test_what_only_looks_personal_is_left(text: str) -> None:
    assert find_personal(text) == ()


def test_masking_names_the_kind_and_keeps_the_rest() -> None:
    masked = mask("Hej, ring 22 33 44 55. Mvh Anna Jensen")

    assert masked.text == "Hej, ring [phone]. Mvh [person]"


def test_blanking_moves_nothing() -> None:
    text = "cpr 010180-1234, hul i vejen"

    clean = blank(text, find_personal(text))

    assert len(clean) == len(text)
    assert clean.index("hul") == text.index("hul")
    assert "010180" not in clean


def test_spans_never_overlap() -> None:
    text = "Anna Jensen, Bakkegade 12, 2. tv, 2100 København Ø, 010180-1234, 22334455, a@b.dk"

    spans = find_personal(text)

    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert {"address", "cpr", "phone", "email"} <= set(kinds(text))


@pytest.mark.parametrize("text", ["Olgierd Kowalczyk", "Hej\nOlgierd", "Pas\n- Olgierd", "Jonas"])
def test_a_bare_name_is_a_name(text: str) -> None:
    assert kinds(text) == ["person"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Venlig hilsen\n\n\n   Grzegorz Brzezicki", ["Grzegorz Brzezicki"]),
        ("hilsen" + "\n" * 90 + "Grzegorz, tak", ["Grzegorz"]),
        ("jeg hedder: Xiu og min nabo ; Yrla", ["Xiu", "Yrla"]),
        ("Kære Hr. Zbigniew, svar mig", ["Hr", "Zbigniew"]),
        ("(vh Zdenka)", ["Zdenka"]),
        ("skriv til zdenka (at) eksempel.dk", ["zdenka (at) eksempel.dk"]),
        ("bor NØRREGADE nr. 12", ["NØRREGADE nr. 12"]),
    ],
)
def test_the_cheap_signs_miss_no_name_address_or_mail(text: str, found: list[str]) -> None:
    assert [text[s.start : s.end] for s in find_personal(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Hvad drejer regningen sig om? Henning Friis",
        "Hvad drejer regningen sig om? Ngozi Adeyemi",
        "Hvilke papirer skal vi aflevere? Amal og Tariq",
        "Er der tømt i dag? Gulsum Yildirim, Elmevej 12",
        "Hi, I'm Oluwaseun Adeyemi and I need a licence.",
        "Vores datter Hafsa skal skifte skole.",
        "Skriver på familien Ghorbani vegne.",
    ],
)
def test_names_from_far_away_are_as_well_hidden_as_others(text: str) -> None:
    masked = mask(text).text

    for name in ("Henning", "Friis", "Ngozi", "Adeyemi", "Amal", "Tariq", "Gulsum", "Yildirim"):
        assert name not in masked
    for name in ("Oluwaseun", "Hafsa", "Ghorbani"):
        assert name not in masked


def test_a_swedish_there_is_is_nobody() -> None:
    assert mask("Finns det ett härbärge?").spans == ()
