"""No container was ever started here: the compose file and the images are held against the code instead."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from contracts.catalogue import SERVICES, topics
from infra.chassis.broker import MAX_REQUEST_BYTES, topic_settings
from infra.chassis.residency import FILE
from infra.embedded.all_settings import AllSettings, known_settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
DOCKERFILE = (ROOT / "infra/docker/Dockerfile").read_text("utf-8")
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HOUSE = yaml.safe_load(COMPOSE)["services"]
# Where they keep what must outlive them: their images' own documentation.
KEPT = {
    "kafka": "/var/lib/kafka/data",
    "postgres": "/var/lib/postgresql/data",
    "qdrant": "/qdrant/storage",
    **dict.fromkeys(SERVICES, "/data"),
}


def settings_of(service):
    module = import_module(f"services.{service}.settings")
    return getattr(module, f"{service.capitalize()}Settings").model_fields


def test_every_service_of_the_house_is_there_and_its_image_is_built_for_it():
    for service in SERVICES:
        assert HOUSE[service]["build"]["args"] == {"SERVICE": service}
        assert "command" not in HOUSE[service]
        assert service in PROJECT["optional-dependencies"]
    assert set(HOUSE) == {*SERVICES, "train", "kafka", "postgres", "qdrant"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_a_setting_of_the_service_that_gets_it(service):
    ours = {name for name in HOUSE[service]["environment"] if name.startswith("HENVEND_")}
    unknown = {
        name for name in ours if name.removeprefix("HENVEND_").lower() not in known_settings()
    }

    assert unknown == set()
    assert ours == set(HOUSE[service]["environment"])
    for name in ours - set(HOUSE["router"]["environment"]):
        assert name.removeprefix("HENVEND_").lower() in settings_of(service)


@pytest.mark.parametrize("service", SERVICES)
def test_its_values_are_ones_the_service_takes(service, monkeypatch, tmp_path):
    # The sample knows the house's own containers; the mail server is the municipality's to add.
    sample = (ROOT / "infra" / "chassis" / FILE).read_text("utf-8")
    mail = "  - {host: mail.b.example, country: DK, operator: Driften, basis: own machine}\n"
    (tmp_path / FILE).write_text(sample + mail, "utf-8")
    monkeypatch.setenv("HENVEND_MUNICIPALITY", str(tmp_path))
    given = {"PUBLIC_URL": "https://b.example", "ROUTER_SMTP": "mail.b.example:25"}
    given |= {"ROUTER_FROM": "a@b.example", "AUDIT_ORIGIN": "audit.b.example/henvend/2026"}
    given |= {"DB_PASSWORD": "secret"}
    for name, value in HOUSE[service]["environment"].items():
        whole = re.sub(r"\$\{HENVEND_(\w+):\?[^}]*\}", lambda found: given[found[1]], value)
        monkeypatch.setenv(name, whole)

    settings = AllSettings.load()
    assert settings.url_of("router") == "https://b.example/router"
    assert settings.database_for(service).startswith(
        "postgresql+asyncpg://henvend:secret@postgres/"
    )
    assert not settings.loopback_only


def test_what_must_be_given_is_asked_for_and_nothing_is_silently_empty():
    assert re.findall(r"\$\{[^}]*\}", COMPOSE) == re.findall(r"\$\{HENVEND_\w+:\?[^}]+\}", COMPOSE)


def test_ports_are_those_the_services_listen_on_and_pages_are_behind_the_proxy_only():
    fields = AllSettings.model_fields
    for service in SERVICES:
        port = fields[f"{service}_port"].default
        assert f"127.0.0.1:{port}:{port}" in HOUSE[service]["ports"]
        assert f"'{service}': {port}" in DOCKERFILE
    public = [one for service in HOUSE.values() for one in service.get("ports", ())]
    assert [one for one in public if not one.startswith("127.0.0.1:")] == [
        f"25:{fields['classifier_smtp_port'].default}"
    ]


def test_what_must_last_lies_in_declared_volumes_and_keys_apart_from_data():
    declared = yaml.safe_load(COMPOSE)["volumes"]
    for name, service in HOUSE.items():
        mounts = dict(reversed(one.split(":")) for one in service["volumes"])
        assert set(mounts.values()) <= set(declared)
        assert KEPT.get(name, "/data") in mounts
    assert HOUSE["kafka"]["environment"]["KAFKA_LOG_DIRS"] == KEPT["kafka"]
    assert HOUSE["router"]["volumes"] == ["data:/data", "keys:/data/keys"]


def test_a_service_waits_for_what_it_cannot_start_without():
    for service in SERVICES:
        for needed in ("kafka", "postgres"):
            assert HOUSE[service]["depends_on"][needed] == {"condition": "service_healthy"}
            assert "healthcheck" in HOUSE[needed]
    for service in ("classifier", "chatbot"):
        trained = HOUSE[service]["depends_on"]["train"]
        assert trained == {"condition": "service_completed_successfully"}
    assert "qdrant" in HOUSE["chatbot"]["depends_on"]
    assert "qdrant:6333" in HOUSE["chatbot"]["environment"]["HENVEND_CHATBOT_QDRANT"]


def test_the_broker_takes_the_largest_record_and_the_services_sessions():
    kafka, router = HOUSE["kafka"]["environment"], HOUSE["router"]["environment"]

    assert kafka["KAFKA_MESSAGE_MAX_BYTES"] >= MAX_REQUEST_BYTES
    # group.min.session.timeout.ms of Apache Kafka
    assert int(router["HENVEND_BROKER_SESSION_MS"]) >= 6000
    assert int(router["HENVEND_BROKER_REPLICATION"]) == 1


def test_versions_are_those_of_the_rest_of_the_house():
    client = re.search(r"^qdrant-client==(\d+\.\d+)", CONSTRAINTS, re.MULTILINE)[1]
    torch = re.search(r"^torch==(\S+)", CONSTRAINTS, re.MULTILINE)[1]

    assert HOUSE["qdrant"]["image"].startswith(f"qdrant/qdrant:v{client}.")
    assert f"torch=={torch};" in DOCKERFILE
    assert f"python:{PROJECT['requires-python'].removeprefix('>=')}-slim" in DOCKERFILE


def test_the_builder_gets_the_code_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = set(" ".join(re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE)).split())

    assert "*" in lines
    assert let_in == copied


IMPORTS = """
import importlib, sys
absent, wanted = set(sys.argv[1].split(",")), sys.argv[2].split(",")
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
for name in wanted:
    importlib.import_module(name)
from infra.cli.main import _mount
_mount()
from infra.chassis.staff import login_address
"""
NEEDED = {
    "classifier": ("app", "commands", "train", "retrain", "evaluate", "mailbox"),
    "router": ("app", "commands"),
    "chatbot": (
        *("app", "commands", "prepare", "foresee", "loading", "recall", "evaluate"),
        *("adapters.sentence_transformer", "adapters.server_store"),
    ),
    "audit": ("app", "commands", "verify"),
}


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_everything_its_service_imports(service):
    extras = PROJECT["optional-dependencies"]
    held = _closure([*PROJECT["dependencies"], *extras[service], *extras["postgresql"]])
    owners = metadata.packages_distributions()
    absent = {
        module
        for module, names in owners.items()
        if not {canonicalize_name(name) for name in names} & held
    } - {"contracts", "infra", "services", "henvend", "__editable___henvend_0_1_0_finder"}
    modules = [f"services.{service}.{name}" for name in NEEDED[service]]

    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, ",".join(sorted(absent)), ",".join(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "playwright" in absent
    assert done.returncode == 0, done.stderr[-600:]


def _closure(wanted):
    """Names of these requirements and of all they bring along."""
    found, open_ones = set(), [(Requirement(one), "") for one in wanted]
    while open_ones:
        needed, extra = open_ones.pop()
        name = canonicalize_name(needed.name)
        if needed.marker and not needed.marker.evaluate({"extra": extra}):
            continue
        asked = needed.extras or {""}
        new = {(name, one) for one in asked} - found
        found |= new
        try:
            brought = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        open_ones += [(Requirement(one), extra) for _, extra in new for one in brought]
    return {name for name, _ in found}


def test_with_three_copies_what_is_acknowledged_stands_on_two():
    topic = next(iter(topics().values()))

    assert "min.insync.replicas" not in topic_settings(topic, 1)
    assert topic_settings(topic, 3)["min.insync.replicas"] == "2"
