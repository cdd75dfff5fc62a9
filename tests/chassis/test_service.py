"""A service's web server."""

import gc
import socket
from contextlib import asynccontextmanager

import uvicorn

from infra.chassis import service
from infra.chassis.service import serve_web
from infra.chassis.settings import ServiceSettings


async def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_headers(monkeypatch):
    used = []

    async def serve(_server, sockets):
        used.extend(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets)
        for one in sockets:
            one.close()

    monkeypatch.setattr(uvicorn.Server, "serve", serve)
    await serve_web(None, "127.0.0.1", 0)
    assert used == [1]


async def test_what_is_loaded_before_the_first_answer_is_never_looked_through_again(monkeypatch):
    loaded, seen = [], []

    class Loaded:
        pass

    @asynccontextmanager
    async def open_chassis(_service, _settings, *, migrations):
        yield migrations

    async def create_app(_settings, _chassis):
        loaded.append(Loaded())

    async def serve(*_):
        seen.append(any(isinstance(one, Loaded) for one in gc.get_objects()))

    monkeypatch.setattr(service, "open_chassis", open_chassis)
    monkeypatch.setattr(service, "serve_web", serve)
    try:
        await service._serve("router", ServiceSettings(), create_app, "")
    finally:
        gc.unfreeze()
    # The collector lists what it would look through: nothing that was there before.
    assert (len(loaded), seen) == (1, [False])
