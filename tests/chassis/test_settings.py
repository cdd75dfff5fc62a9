"""Nonsense in the settings is one sentence, not a traceback."""

import pytest

from infra.chassis.settings import ServiceSettings, SettingsError, check_environment


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("HENVEND_BROKER", "localhost", "HENVEND_BROKER"),
        ("HENVEND_BROKER", "localhost:0", "HENVEND_BROKER"),
        ("HENVEND_ROUTER_PORT", "eighty", "HENVEND_ROUTER_PORT"),
        ("HENVEND_ROUTER_PORT", "70000", "HENVEND_ROUTER_PORT"),
        ("HENVEND_LOG_FORMAT", "xml", "HENVEND_LOG_FORMAT"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, variable, value, named):
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=named):
        ServiceSettings.load()


def test_a_misspelt_variable_is_refused_with_the_right_one():
    with pytest.raises(SettingsError, match="Did you mean HENVEND_ROUTER_PORT"):
        check_environment({"router_port"}, {"HENVEND_ROUTER_PROT": "1"})


def test_a_settings_file_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    file = tmp_path / "henvend.yaml"
    file.write_text("router_port: 9001\naudit_port: 9002\n", "utf-8")
    monkeypatch.setenv("HENVEND_SETTINGS", str(file))
    monkeypatch.setenv("HENVEND_AUDIT_PORT", "9003")

    settings = ServiceSettings.load()

    assert (settings.router_port, settings.audit_port) == (9001, 9003)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("router_prot: 9001", "Did you mean router_port"),
        ("a: [", "not valid YAML"),
        ("7", "name: value"),
    ],
)
def test_a_broken_settings_file_says_what_is_wrong(monkeypatch, tmp_path, text, sentence):
    file = tmp_path / "henvend.yaml"
    file.write_text(text, "utf-8")
    monkeypatch.setenv("HENVEND_SETTINGS", str(file))

    with pytest.raises(SettingsError, match=sentence):
        ServiceSettings.load()


def test_a_missing_settings_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HENVEND_SETTINGS", str(tmp_path / "none.yaml"))

    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        ServiceSettings.load()
