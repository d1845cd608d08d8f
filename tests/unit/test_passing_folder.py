from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
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


def at_work() -> tuple[subprocess.Popen[bytes], Path]:
    work = subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert work.stdout is not None
    folder = Path(work.stdout.readline().decode().strip())
    assert (folder / "segment").exists()
    return work, folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_of_work_that_is_ended(number: signal.Signals) -> None:
    work, folder = at_work()
    work.send_signal(number)
    work.communicate(timeout=30)
    assert work.returncode == (143 if number == signal.SIGTERM else -number)
    assert not folder.exists()


def test_afterwards_the_signal_does_what_it_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with passing_folder("stageline-test-") as folder:
        assert signal.getsignal(signal.SIGTERM) != before
    assert (signal.getsignal(signal.SIGTERM), folder.exists()) == (before, False)


def test_what_a_killed_command_left_goes_with_the_next_and_what_others_work_in_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # of the commands
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (killed, abandoned), (other, in_use) = at_work(), at_work()
    killed.kill()
    killed.communicate(timeout=30)
    (new := tmp_path / "stageline-test-new").mkdir()
    (elsewhere := tmp_path / "stageline-test-link").symlink_to(tmp_path.parent)
    for folder in (abandoned, in_use):
        os.utime(folder, (0, 0))
    os.utime(elsewhere, (0, 0), follow_symlinks=False)
    with passing_folder("stageline-other-"):
        assert abandoned.exists()
    with passing_folder("stageline-test-"):
        assert not abandoned.exists()
        assert (in_use / "segment").exists()
        assert new.exists()
        assert elsewhere.is_symlink()
    other.kill()
    other.communicate(timeout=30)


def test_what_cannot_be_removed_is_told_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (abandoned := tmp_path / "stageline-test-old").mkdir()
    os.utime(abandoned, (0, 0))
    monkeypatch.setattr("processors.replay.passing_folder.shutil.rmtree", refuse)
    with passing_folder("stageline-test-") as folder:
        assert folder.exists()
        monkeypatch.undo()
    assert (
        f"{abandoned}: what a killed command left here cannot be removed (Permission denied)" in caplog.text
    )
