"""Nothing starts while data would go to a host that is not listed, or that stands outside EU and EEA."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.chassis.residency import FILE, ResidencyError, read_places
from infra.chassis.settings import ServiceSettings, SettingsError
from infra.embedded.all_settings import AllSettings
from services.chatbot.settings import ChatbotSettings
from services.classifier.settings import ClassifierSettings
from services.router.settings import RouterSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def town(monkeypatch, tmp_path):
    """Writes the list of a municipality."""
    monkeypatch.setenv("HENVEND_MUNICIPALITY", str(tmp_path))

    def write(*places: str) -> Path:
        lines = "".join(f"  - {{{place}}}\n" for place in places)
        (tmp_path / FILE).write_text(f"places:\n{lines}" if lines else "places: []\n", "utf-8")
        return tmp_path

    return write


def listed(host: str, country: str = "DK", **more: str) -> str:
    own = {"host": f'"{host}"', "country": country, "operator": "Driften", "basis": "art. 28"}
    return ", ".join(f"{name}: {value}" for name, value in (own | more).items())


@pytest.mark.parametrize(
    ("settings", "variable", "value"),
    [
        (ServiceSettings, "BROKER", "10.0.0.9:9092"),
        (ServiceSettings, "BROKER", "127.0.0.1:9092,kafka.far.example:9092"),
        (ServiceSettings, "DATABASE_URL", "postgresql+asyncpg://henvend@db.far.example/henvend"),
        (ServiceSettings, "DATABASE_URL", "postgresql+asyncpg:///henvend?host=db.far.example:5432"),
        (
            ServiceSettings,
            "DATABASE_URL",
            "postgresql+asyncpg:///a?host=/run/pg&host=db.far.example",
        ),
        (RouterSettings, "ROUTER_SMTP", "mail.far.example:587"),
        (ChatbotSettings, "ROUTER_SMTP", "mail.far.example:587"),
        (ChatbotSettings, "CHATBOT_QDRANT", "http://vectors.far.example:6333"),
        (ClassifierSettings, "EMBEDDING_MODEL", "someone/some-model"),
    ],
)
def test_a_host_that_is_not_listed_is_refused_by_name(monkeypatch, town, settings, variable, value):
    town()
    monkeypatch.setenv(f"HENVEND_{variable}", value)

    with pytest.raises(SettingsError, match=rf"HENVEND_{variable}: .+ is not in residency.yaml"):
        settings.load()


def test_without_an_own_list_the_samples_holds(monkeypatch):
    monkeypatch.setenv("HENVEND_BROKER", "kafka.far.example:9092")

    with pytest.raises(SettingsError, match=r"is not in residency.yaml"):
        ServiceSettings.load()


@pytest.mark.parametrize("host", ["kafka.town.example", "KAFKA.town.example"])
@pytest.mark.parametrize("line", ["kafka.town.example", "*.town.example"])
def test_a_listed_host_in_the_union_is_used(monkeypatch, town, host, line):
    town(listed(line))
    monkeypatch.setenv("HENVEND_BROKER", f"{host}:9092")

    assert ServiceSettings.load().broker == f"{host}:9092"


def test_a_name_that_only_ends_alike_is_another_host(monkeypatch, town):
    town(listed("*.town.example"))
    monkeypatch.setenv("HENVEND_BROKER", "kafka.nottown.example:9092")

    with pytest.raises(SettingsError, match="is not in"):
        ServiceSettings.load()


def test_a_host_outside_the_union_is_refused_whatever_the_list_says(monkeypatch, town):
    town(listed("kafka.town.example", "US"))
    monkeypatch.setenv("HENVEND_BROKER", "kafka.town.example:9092")

    with pytest.raises(SettingsError, match="stands in US, outside EU and EEA"):
        ServiceSettings.load()


def test_where_no_word_of_a_citizen_goes_the_country_is_free(monkeypatch, town):
    town(listed("huggingface.co", "US", personal="false"))
    monkeypatch.setenv("HENVEND_EMBEDDING_MODEL", "someone/some-model")
    assert ClassifierSettings.load().embedding_model == "someone/some-model"

    monkeypatch.setenv("HENVEND_BROKER", "huggingface.co:9092")
    with pytest.raises(SettingsError, match="gets what citizens write"):
        ClassifierSettings.load()


@pytest.mark.parametrize("broker", ["127.0.0.1:9092", "localhost:9092", "[::1]:9092"])
def test_this_machine_needs_no_line(monkeypatch, town, broker):
    town()
    monkeypatch.setenv("HENVEND_BROKER", broker)
    # A PostgreSQL reached by its socket file has no host.
    monkeypatch.setenv("HENVEND_DATABASE_URL", "postgresql+asyncpg:///henvend?host=/run/postgresql")

    assert AllSettings.load().broker == broker


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("places: [", "cannot be read as YAML"),
        ("hosts: []", "must hold `places:`"),
        ("places: [{host: a, country: DK, operator: Os}]", "place 1: basis"),
        ("places: [{host: a, country: Denmark, operator: Os, basis: own}]", "place 1: country"),
        ("places: [{host: a, land: DK}]", "place 1"),
    ],
)
def test_a_broken_list_says_what_is_wrong_though_nothing_needs_it(
    monkeypatch, town, text, sentence
):
    folder = town()
    (folder / FILE).write_text(text, "utf-8")

    with pytest.raises(SettingsError, match=sentence):
        ServiceSettings.load()
    with pytest.raises(ResidencyError, match=sentence):
        read_places(folder)


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("HENVEND_")}
    own = {f"HENVEND_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**plain, **own, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("service", ["classifier", "router", "chatbot", "audit"])
def test_a_service_refuses_to_start(service, tmp_path):
    done = run(f"services.{service}", data=str(tmp_path), broker="kafka.far.example:9092")

    assert done.returncode == 78
    assert "kafka.far.example (event broker) is not in residency.yaml" in done.stderr
    assert not (tmp_path / f"{service}.db").exists()


def test_the_command_lists_every_host_and_says_which_may_not_be_used(tmp_path):
    (tmp_path / FILE).write_text(f"places:\n  - {{{listed('kafka.town.example')}}}\n", "utf-8")
    settings = {"municipality": str(tmp_path), "broker": "kafka.town.example:9092"}
    fine = run("infra.cli.main", "residency", **settings)
    assert fine.returncode == 0, fine.stderr
    assert "kafka.town.example" in fine.stdout
    assert "art. 28" in fine.stdout
    assert "this machine" in fine.stdout

    bad = run("infra.cli.main", "residency", **settings, router_smtp="mail.far.example:25")
    assert bad.returncode == 1
    assert "no: is not in residency.yaml" in bad.stdout
