"""A `stageline` command that goes on running, with its pages and its log."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from processors.stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGELINE = Path(sys.executable).with_name("stageline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A `stageline` command that runs, its pages and its log."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body; status 0 while nobody listens."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:  # of connecting or of waiting
            return 0, ""

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        samples = [
            sample
            for family in text_string_to_metric_families(self.get("/metrics")[1])
            for sample in family.samples
        ]
        found = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
        assert found, f"no {name} with {labels} in {sorted({sample.name for sample in samples})}"
        return sum(found)


@contextmanager
def running(home: Path, name: str, **env: str) -> Iterator[Command]:
    port, log = free_port(), home / f"{name}-{free_port()}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [STAGELINE, name, "--health-port", str(port)],
            env=os.environ | {"STAGELINE_HOME": str(home)} | env,
            stdout=file,
            stderr=file,
        )
    try:
        yield Command(process=process, port=port, log=log)
    finally:
        process.terminate()
        process.wait(60)
