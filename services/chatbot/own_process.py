"""Makes a publication in a process of its own, so that answers never wait for it."""

import asyncio
import sys
from collections.abc import Callable

from services.chatbot.knowledge import KnowledgeError
from services.chatbot.prepare import Step
from services.chatbot.settings import ChatbotSettings


async def make(settings: ChatbotSettings, tell: Callable[[Step], None], *published: str) -> None:
    """What the folder's articles become, or what `published` becomes when it is taught anew.

    Raises KnowledgeError with what the process refused, RuntimeError when it broke.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.chatbot.prepare",
        *published,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(settings.model_dump_json().encode())
        process.stdin.close()
        last = None
        async for line in process.stdout:
            last = Step.model_validate_json(line)
            tell(last)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if last is not None and last.step == "refused":
        raise KnowledgeError(list(last.problems))
    if process.returncode != 0:
        raise RuntimeError(f"the process ended with {process.returncode}")
