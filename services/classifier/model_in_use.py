"""The model that classifies right now; another one takes over between two inquiries, without a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from infra.database import DatabaseUnavailableError
from services.classifier.model import Model
from services.classifier.promote import Promotions
from services.classifier.storage import ModelError

LOOK_SECONDS = 2.0
Load = Callable[[Path], Model]
log = structlog.get_logger()


def load_model(folder: Path) -> Model:
    """Reads and checks every file, which takes a second; tests bring their own loader."""
    from services.classifier.storage import load  # noqa: PLC0415

    return load(folder)


class ModelInUse:
    def __init__(self, model: Model, load: Load) -> None:
        self._load = load
        self.model = model

    @classmethod
    async def start(cls, promotions: Promotions, load: Load) -> "ModelInUse":
        """Raises ModelError when the promoted model is not exactly what was signed, or none exists."""
        champion = await promotions.champion() or await promotions.adopt_first()
        return cls(await asyncio.to_thread(load, champion.folder), load)

    async def prepare(self, folder: Path) -> Callable[[], None]:
        """Loads beside the running model; what is returned makes the change."""
        model = await asyncio.to_thread(self._load, folder)

        def put_to_work() -> None:
            was, self.model = self.model, model
            log.info("model_taken_over", model=model.digest, previous=was.digest)

        return put_to_work

    async def follow(self, promotions: Promotions) -> None:
        """Takes over what was promoted elsewhere: by another process on the same database."""
        refused: str | None = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            digest = await self._promoted(promotions)
            if digest in {None, self.model.digest, refused}:
                continue
            try:
                champion = await promotions.champion()
                if champion is not None and champion.statement.digest != self.model.digest:
                    (await self.prepare(champion.folder))()
            except (ModelError, OSError) as error:
                # The model in use was approved as well: it goes on until somebody looks.
                log.exception("promoted_model_refused", error=type(error).__name__)
                refused = digest

    async def _promoted(self, promotions: Promotions) -> str | None:
        try:
            return await promotions.newest_digest()
        except DatabaseUnavailableError:
            return None
