"""The broker's disk, small enough to be filled: a tmpfs where one may be mounted, else a limit to files.

The limit (RLIMIT_FSIZE) meets the same calls with EFBIG in the place of ENOSPC, and the broker does not mind
which it is.
"""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

SIZE = 1 << 30
BLOCK = bytes(1 << 20)


class Disk:
    """Full or not. `fill` strikes a broker that runs."""

    def __init__(self, broker: LocalServer, *, mounted: bool) -> None:
        self._broker = broker
        self._mounted = mounted
        self._ballast = broker.folder / "ballast"

    def fill(self) -> None:
        """Leave no room for another byte."""
        if self._mounted:
            with suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
                while True:  # until not a byte more fits
                    ballast.write(BLOCK)
        elif process := self._broker.process():
            process.rlimit(resource.RLIMIT_FSIZE, (0, 0))

    def free(self) -> None:
        """Make room again. The limit goes with the broker."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(broker: LocalServer) -> Iterator[Disk]:
    """Give a broker that was never started a disk of its own, if this user may mount one."""
    broker.folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "stageline-chaos", str(broker.folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Disk(broker, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(broker.folder)], check=True)
