"""Looks after what must not be forgotten: handovers without a case, conversations past their time."""

import asyncio
from datetime import timedelta

import structlog

from infra.chassis.chassis import Chassis
from services.chatbot.adapters import conversations as store
from services.chatbot.room import Room
from services.chatbot.settings import ChatbotSettings

log = structlog.get_logger()
LOOK_SECONDS = 2.0
SWEEP_EVERY = 1800
"""Looks between two sweeps of old conversations."""


class Watch:
    def __init__(self, chassis: Chassis, room: Room, settings: ChatbotSettings) -> None:
        self._chassis = chassis
        self._room = room
        self._settings = settings

    async def run(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._chassis.broker.connected:
                await self.say_again()
            if looks % SWEEP_EVERY == 0:
                await self.forget_old()
            looks += 1

    async def say_again(self) -> None:
        """Publish handovers again whose case nobody has seen opened; same id, same bytes."""
        now = self._chassis.clock()
        before = now - timedelta(seconds=self._settings.chatbot_republish_seconds)
        async with self._chassis.database.read() as reader:
            waiting = await store.unopened(reader, before)
        for row in waiting:
            log.warning("handover_said_again", inquiry=str(row.inquiry))
            async with self._chassis.database.write() as tx:
                await self._chassis.outbox.repeat_event(tx, row.event_id)
                await store.said_again(tx, row.inquiry, now)

    async def forget_old(self) -> None:
        before = self._chassis.clock() - timedelta(days=self._settings.chatbot_retention_days)
        async with self._chassis.database.read() as reader:
            old = await store.older_than(reader, before)
        for conversation in old:
            await self._room.delete(conversation)
        if old:
            log.info("conversations_forgotten", count=len(old))
