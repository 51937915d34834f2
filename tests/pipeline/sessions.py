"""Sessions for tests of single stages, without an interpreter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_envpack.archive.tar import Tar
from hatch_envpack.cache.cache import Cache
from hatch_envpack.cache.interpreters import KnownInterpreter
from hatch_envpack.frame.zstd import Zstd
from hatch_envpack.pipeline.session import Session
from hatch_envpack.workspace import Partial, workspace
from tests.environment.made import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_envpack.archive.container import Container

TAR = Tar(Zstd(3), 1580601600)


@contextmanager
def session(
    folder: Path, cache: Path, container: Container = TAR, program: str = "program", plugins: str = ""
) -> Iterator[Session]:
    """Return a session that writes into ``folder``."""
    folder.mkdir(exist_ok=True)
    with workspace() as work, Partial(folder) as partial:
        kept = Cache(cache, work)
        known = KnownInterpreter(kept, program)
        yield Session(work, partial, container, kept, program, plugins, known, Words(), None)
