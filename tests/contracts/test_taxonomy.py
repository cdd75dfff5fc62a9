"""The municipality's taxonomy is checked before anything refers to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reference import reference_of, tidy_reference
from contracts.taxonomy import TaxonomyError, load_taxonomy

ONE = """
departments:
  a: {name: {da: A, sv: A, en: A}, does: things}
  extern: {name: {da: E, sv: E, en: E}, does: not ours}
categories:
  a.b: {department: a, name: {da: Veje, fortove, sv: B, en: B}}
  extern.c: {department: extern, name: {da: C, sv: C, en: C}}
"""


def test_the_sample_taxonomy_loads_with_all_its_categories():
    taxonomy = load_taxonomy()

    assert len(taxonomy.categories) == 47
    assert taxonomy.categories["tmf.veje"].name.sv == "Vägar, trottoarer och gatubelysning"


def test_an_unquoted_comma_in_a_name_is_read_as_the_writer_meant_it(tmp_path):
    file = tmp_path / "taxonomy.yaml"
    file.write_text(ONE, "utf-8")

    assert load_taxonomy(file).categories["a.b"].name.da == "Veje, fortove"


def test_another_authority_is_never_a_department_of_ours(tmp_path):
    file = tmp_path / "taxonomy.yaml"
    file.write_text(ONE, "utf-8")
    taxonomy = load_taxonomy(file)

    assert taxonomy.is_external("extern.c")
    assert not taxonomy.is_external("a.b")


def test_a_category_of_an_unknown_department_is_refused_by_name(tmp_path):
    file = tmp_path / "taxonomy.yaml"
    file.write_text(ONE.replace("{department: a,", "{department: nowhere,"), "utf-8")

    with pytest.raises(TaxonomyError, match=r"a\.b belongs to the unknown department nowhere"):
        load_taxonomy(file)


def test_an_unknown_category_is_refused_by_name():
    with pytest.raises(TaxonomyError, match=r"rules\.yaml .*: kff\.pass"):
        load_taxonomy().require(["kff.pas", "kff.pass"], "rules.yaml")


@pytest.mark.parametrize("text", ["", "departments: [", "departments: {}\ncategories: {}", "7"])
def test_a_broken_file_is_one_sentence_with_its_name(tmp_path, text):
    file = tmp_path / "broken.yaml"
    file.write_text(text, "utf-8")

    with pytest.raises(TaxonomyError, match=r"broken\.yaml"):
        load_taxonomy(file)


@given(st.uuids())
def test_a_reference_read_aloud_finds_its_inquiry_again(inquiry):
    reference = reference_of(inquiry)
    heard = reference.replace("0", "O").replace("1", "I").lower().replace("-", " ")

    assert tidy_reference(heard) == reference


def test_parts_of_a_mixed_inquiry_have_references_of_their_own():
    from uuid import uuid4

    inquiry = uuid4()

    assert reference_of(inquiry, 1) == f"{reference_of(inquiry)}-2"
    assert tidy_reference(reference_of(inquiry, 1)) == reference_of(inquiry, 1)
