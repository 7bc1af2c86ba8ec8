"""The doctor, asked by a living hub: the very command, in a process of its own, because it waits, listens and tries."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hub.config import Config
from hub.errors import HubError

Findings = Sequence[Mapping[str, Any]]
PATIENCE_S = 60.0
"""A foreign broker is tried out for some seconds."""


def environment(config: Config) -> dict[str, str]:
    """Return the settings as HUB_* variables, for they may have come from a file or an option; never for a log."""
    values = {field: getattr(config, field) for field in config.__struct_fields__}
    return {f"HUB_{name.upper()}": str(value) for name, value in values.items() if isinstance(value, str | int)}


class Examiner:
    """Lets the doctor look once for all who ask at the same time: each look costs seconds of a core.

    Whoever asked before a look began is answered with what it found.
    """

    def __init__(self, look: Callable[[str], Awaitable[Findings]]) -> None:
        """Say what looks, in a language."""
        self._look = look
        self._turn = asyncio.Lock()
        self._asked = 0
        self._found: dict[str, tuple[int, Findings]] = {}

    async def look(self, lang: str) -> Findings:
        """Return what there is to say.

        Raises:
            HubError: the doctor gave no answer.
        """
        self._asked += 1
        number = self._asked
        async with self._turn:
            before, found = self._found.get(lang, (0, ()))
            if before < number:
                before = self._asked
                found = await self._look(lang)
                self._found[lang] = before, found
            return found


async def examined(data: Path, config: Config, lang: str) -> Findings:
    """Return what `matinales doctor --json` finds on this data folder.

    Raises:
        HubError: it gave no answer.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "doctor", "--json", "--lang", lang, "--data", str(data)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | environment(config),
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await process.communicate()
        found: list[dict[str, Any]] = msgspec.json.decode(said, type=list[dict[str, Any]])
    except (TimeoutError, msgspec.DecodeError) as error:
        msg = "the doctor gave no answer; run `matinales doctor` in a terminal on this machine"
        raise HubError(msg) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found
