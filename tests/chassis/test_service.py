"""A service's web server."""

import socket

import uvicorn

from infra.chassis.service import serve_web


async def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_headers(monkeypatch):
    used = []

    async def serve(_server, sockets):
        used.extend(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets)
        for one in sockets:
            one.close()

    monkeypatch.setattr(uvicorn.Server, "serve", serve)
    await serve_web(None, "127.0.0.1", 0)
    assert used == [1]
