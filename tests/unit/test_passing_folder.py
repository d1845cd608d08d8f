from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processors.replay.passing_folder import passing_folder

WORK = """
import time
from processors.replay.passing_folder import passing_folder
with passing_folder("stageline-test-") as folder:
    (folder / "segment").touch()
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_of_work_that_is_ended(number: signal.Signals) -> None:
    work = subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert work.stdout is not None
    folder = Path(work.stdout.readline().decode().strip())
    assert (folder / "segment").exists()
    work.send_signal(number)
    work.communicate(timeout=30)
    assert work.returncode == (143 if number == signal.SIGTERM else -number)
    assert not folder.exists()


def test_afterwards_the_signal_does_what_it_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with passing_folder("stageline-test-") as folder:
        assert signal.getsignal(signal.SIGTERM) != before
    assert (signal.getsignal(signal.SIGTERM), folder.exists()) == (before, False)
