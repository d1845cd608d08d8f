"""A server process: started, found again, asked, stopped; for tests of faults also killed and paused."""

from __future__ import annotations

import math
import subprocess
import time
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from processors.stack.ports import HOST, remembered_ports
from processors.stack.steps import step
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

START_SECONDS = 120  # a JVM on a busy two-core machine needs up to 30
STOP_SECONDS = 30  # Kafka flushes its logs; more than a few seconds means that it hangs


@dataclass(slots=True, kw_only=True)
class LocalServer:
    """A server of ours, running or not.

    `config` is the last argument of its command line: that, and the name of the executable, tell our process
    from any other, even if its PID file is lost or its PID now belongs to another program.
    `prepare` makes everything ready on disk and returns the command line. `answers` makes one real request.
    """

    name: str
    config: Path
    executable: str
    prepare: Callable[[], tuple[str, ...]]
    answers: Callable[[int], bool]
    console: Console
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def folder(self) -> Path:
        """Where everything of this server is kept."""
        return self.config.parent

    @property
    def pid_file(self) -> Path:
        """Holds the PID of the last start."""
        return self.folder / "pid"

    @property
    def log(self) -> Path:
        """What the server printed since its last start; the run before is in `log.1`."""
        return self.folder / "log"

    @property
    def port(self) -> int:
        """The port of the last start (0 before the first)."""
        return remembered_ports(self.folder / "ports.json").get(self.name, 0)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def process(self) -> psutil.Process | None:
        """Return our running process: the recorded one, or any that has our command line."""
        found = (each for each in chain(self._recorded(), psutil.process_iter()) if self._is_ours(each))
        return next(found, None)

    def start(self) -> None:
        """Start the server and wait until it answers; one that runs already is left as it is.

        Raises LifecycleError with the reason; a server that did not come up is not left behind.
        """
        if running := self.process():
            self._wait_until_it_answers(running)
            return
        if self.pid_file.exists():
            self.console.print(f"{self.name}: the last run ended without being stopped; starting again.")
        command = self.prepare()
        with step(self.console, f"{self.name}: start"):
            started = self._spawn(command)
            try:
                self._wait_until_it_answers(started)
            except BaseException:  # also Ctrl-C: nothing half-started stays
                self.kill()
                raise

    def stop(self) -> bool:
        """Ask the server to end and wait for it, then insist; return whether it was running."""
        running = self.process()
        if running is not None:
            running.terminate()
            running.resume()  # a paused process hears nothing until it goes on
            self._wait_for_end(running)
        self.pid_file.unlink(missing_ok=True)
        return running is not None

    def kill(self) -> None:
        """SIGKILL, as a crash: the PID file stays."""
        if running := self.process():
            running.kill()
            self._wait_for_end(running)

    def pause(self) -> None:
        """SIGSTOP: the server holds its connections but answers nothing, from the moment this returns on."""
        if running := self.process():
            running.suspend()
            while (
                running.status() != psutil.STATUS_STOPPED
            ):  # its threads go on until one has seen the signal
                time.sleep(0.01)

    def resume(self) -> None:
        """SIGCONT: go on after `pause`."""
        if running := self.process():
            running.resume()

    def _recorded(self) -> Iterator[psutil.Process]:
        try:
            yield psutil.Process(int(self.pid_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return  # no PID file, half a PID file, or a stale one: the search over all processes decides

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            command = process.cmdline()
            return (
                bool(command)
                and Path(command[0]).name == self.executable
                and command[-1] == str(self.config)
                and not _ended(process)
            )
        except psutil.Error:  # ended meanwhile, or another user's
            return False

    def _spawn(self, command: tuple[str, ...]) -> psutil.Process:
        if self.log.exists():
            self.log.replace(self.log.with_name("log.1"))
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C or a closed terminal reaches the command, not the server.
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self.pid_file.write_text(f"{self._child.pid}\n", encoding="utf-8")
        return psutil.Process(self._child.pid)

    def _wait_until_it_answers(self, process: psutil.Process) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers(self.port):
            if _ended(process):
                raise LifecycleError(
                    f"{self.name} ended while starting: {self._last_words()} All of it: {self.log}"
                )
            if time.monotonic() > deadline:
                raise LifecycleError(
                    f"{self.name} (process {process.pid}) runs but does not answer at {self.address} "
                    f"after {START_SECONDS} s. Run `stageline down`, then `stageline up`; its log: {self.log}"
                )
            time.sleep(0.1)

    def _last_words(self) -> str:
        lines = [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line]
        telling = [line for line in lines if "ERROR" in line or "Exception" in line or "Fatal" in line]
        return (telling or lines or ["it said nothing."])[-1]

    def _wait_for_end(self, process: psutil.Process) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while not _ended(process):
            if time.monotonic() > deadline:
                self.console.print(
                    f"{self.name} did not end in {STOP_SECONDS} s: killing it.", highlight=False
                )
                process.kill()
                deadline = math.inf
            time.sleep(0.05)
        if self._child is not None:
            self._child.wait()


def _ended(process: psutil.Process) -> bool:
    try:
        # A zombie has ended too: whoever should collect it may never do so (a container without an init).
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
