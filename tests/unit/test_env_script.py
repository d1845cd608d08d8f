"""What the scripts prepare: once, one at a time, nothing left behind. Pip is a stub that notes its calls."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PIP = """#!/usr/bin/env bash
echo "$*" >>calls
case "$*" in
    *"pip wheel"*) echo "   Compiling stageline-native"; eval "$BUILD" ;;
    *"pip install"*) eval "$INSTALL" ;;
esac
"""
PREPARE = "source scripts/env.sh; begin_native; ensure_env local; ensure_native; echo ready"
AS_WITH_AMPERSAND = ("env", "--ignore-signal=INT")


class Clone:
    """A tree with the script, a pip that does nothing, and a Rust toolchain or none on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("scripts", "processors/native/src", ".venv/bin", "tmp", "tools"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "env.sh", folder / "scripts")
        (folder / "pyproject.toml").touch()
        self.source = folder / "processors" / "native" / "src" / "lib.rs"
        self.source.touch()
        self._program(folder / ".venv" / "bin" / "python", PIP)
        self._program(folder / "tools" / "cargo", "#!/bin/sh\n")
        self.install = "sleep 0.3"
        self.started: list[subprocess.Popen[str]] = []

    def begin(
        self, build: str = ":", *, path: str | None = None, by: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PATH": f"{self.folder}/tools:{os.environ['PATH']}" if path is None else path,
            "PYTHON": sys.executable,
            "TMPDIR": str(self.folder / "tmp"),
            "BUILD": build,
            "INSTALL": self.install,
        }
        begun = subprocess.Popen(
            [*by, shutil.which("bash") or "bash", "-c", PREPARE],
            cwd=self.folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started.append(begun)
        return begun

    def prepare(self, build: str = ":", *, path: str | None = None) -> str:
        said, _ = self.begin(build, path=path).communicate(timeout=60)
        return said

    def calls(self, of: str) -> int:
        noted = self.folder / "calls"
        return noted.read_text().count(f"pip {of}") if noted.exists() else 0

    def without_cargo(self) -> str:
        """Return a PATH that has what the script needs and no cargo."""
        bare = self.folder / "bare"
        bare.mkdir()
        for name in ("bash", "cat", "cksum", "dirname", "find", "grep", "mkdir", "sleep", "sort", "xargs"):
            (bare / name).symlink_to(shutil.which(name) or name)
        return str(bare)

    @staticmethod
    def _program(file: Path, text: str) -> None:
        file.write_text(text)
        file.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    made = Clone(tmp_path)
    yield made
    for begun in made.started:
        with suppress(ProcessLookupError):
            os.killpg(begun.pid, signal.SIGKILL)
        begun.communicate()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_back_end_is_built_once_and_again_when_its_sources_change(clone: Clone) -> None:
    assert "Building the compiled back-end" in clone.prepare()
    assert clone.prepare() == "ready\n"
    clone.source.write_text("// changed")
    assert "Building the compiled back-end" in clone.prepare()
    assert clone.calls("wheel") == 2


def test_packages_are_installed_while_the_back_end_is_built(clone: Clone) -> None:
    begun = clone.begin("while [ ! -e go ]; do sleep 0.05; done")
    wait_until(lambda: clone.calls("install") == 1)
    assert begun.poll() is None
    (clone.folder / "go").touch()
    assert begun.communicate(timeout=60)[0].endswith("ready\n")


def test_a_build_that_fails_says_why_removes_an_older_one_and_the_script_goes_on(clone: Clone) -> None:
    said = clone.prepare("echo 'error: no C compiler'; exit 1")
    assert "error: no C compiler\nIt could not be built (see above): going on without it" in said
    assert said.endswith("ready\n")
    assert clone.calls("uninstall --quiet --yes stageline-native") == 1
    assert "Building the compiled back-end" in clone.prepare()


def test_without_a_rust_toolchain_the_script_says_so_and_goes_on(clone: Clone) -> None:
    said = clone.prepare(path=clone.without_cargo())
    assert said.startswith("No cargo (a Rust toolchain) on PATH: going on without the compiled back-end")
    assert said.endswith("ready\n")
    assert clone.calls("wheel") == 0


@pytest.mark.parametrize(
    ("ending", "by"),
    [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGTERM, AS_WITH_AMPERSAND)],
    ids=["by ctrl-c", "by kill", "by kill, having been started with &"],
)
def test_a_script_that_is_ended_leaves_no_build_and_no_file_behind(
    clone: Clone, ending: signal.Signals, by: tuple[str, ...]
) -> None:
    begun = clone.begin("echo $$ >builder; sleep 600", by=by)
    builder = clone.folder / "builder"
    wait_until(lambda: builder.exists() and builder.read_text().strip() != "" and clone.calls("install") == 1)
    time.sleep(0.5)  # it waits for the build now
    os.killpg(begun.pid, ending)  # as a terminal does
    assert "ready" not in begun.communicate(timeout=60)[0]
    wait_until(lambda: not psutil.pid_exists(int(builder.read_text())))
    assert list((clone.folder / "tmp").iterdir()) == []


def test_an_installation_that_is_interrupted_is_not_called_one_that_failed(clone: Clone) -> None:
    clone.install = "trap 'exit 1' INT; while :; do sleep 0.1; done"  # as pip ends
    begun = clone.begin("sleep 600")
    wait_until(lambda: clone.calls("install") == 1 and clone.calls("wheel") == 1)
    time.sleep(0.5)
    os.killpg(begun.pid, signal.SIGINT)
    said, _ = begun.communicate(timeout=60)
    assert "could not be installed" not in said
    assert begun.returncode == 128 + signal.SIGINT
    assert list((clone.folder / "tmp").iterdir()) == []


def test_two_scripts_at_once_install_once(clone: Clone) -> None:
    clone.install = "while [ ! -e go ]; do sleep 0.05; done"
    first = clone.begin()
    wait_until(lambda: clone.calls("install") == 1)
    second = clone.begin()
    assert second.stdout is not None
    assert any("Another script is changing .venv: waiting for it" in line for line in second.stdout)
    (clone.folder / "go").touch()
    assert [one.communicate(timeout=60)[0].endswith("ready\n") for one in (first, second)] == [True, True]
    assert clone.calls("install --quiet --disable-pip-version-check -e") == 1
    assert clone.calls("install --quiet --disable-pip-version-check --no-deps") == 1
