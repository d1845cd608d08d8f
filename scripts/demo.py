"""The main job on real input: a web-server log and a B2B cast become stages, reasons and hand-offs.

Everything runs as a user would run it, through the `stageline` command, in a home of its own that each run
begins anew. `BOOTSTRAP_SERVERS` and `REDIS_URL` point it at given servers instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from demo_story import ANSWERS, OPEN, STAGES, DemoError, act, first_download, identified
from rich.console import Console

from processors.cli.words import reading
from processors.client import Client
from processors.settings import load_settings
from projections.views.contact import read_contact
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.handoffs import Handoff

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "scripts" / "demo_data" / "site.yaml"
ACCESS_LOG = ROOT / "tests" / "data" / "access.log.gz"
PATIENCE_S = 60.0  # for any one thing to appear; usually a second or two
UNSEEN = "nowhere yet"

console = Console(highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A long-running part of the system in a process of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DemoError if it has ended."""
        if self.process.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
            raise DemoError(f"{self.name} ended with {self.process.returncode}; see {self.log}:\n{tail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A web-server log on its way to becoming events."""

    process: subprocess.Popen[bytes]
    made: Path
    said: Path

    def events(self) -> str:
        """Wait for the events and return them as NDJSON; say what the import said."""
        ended = self.process.wait()
        console.print(self.said.read_text().rstrip(), markup=False, soft_wrap=True)
        if ended:
            raise DemoError(f"importing {ACCESS_LOG} exited with {ended}")
        return self.made.read_text()


def main() -> int:
    """Run the demo; 0 when everything expected appeared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end by itself; exit 1 if anything is missing")
    parser.add_argument("--home", type=Path, default=ROOT / ".stageline", help="keeps all data in HOME/demo")
    options = parser.parse_args()
    home = options.home.resolve() / "demo"
    os.environ["STAGELINE_HOME"] = str(home)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        with ExitStack() as running:
            clear(running, home)
            importing = running.enter_context(begin_import(home))  # needs no server: while those start
            parts = start(running, home)
            tell_story(parts, importing)
            show()
            console.print(f"\n[bold]All of it appeared, in {time.monotonic() - started:.0f} s.[/] ", end="")
            console.print(f"The live page: [link]{page()}[/]")
            if not options.once:
                console.print("Ctrl-C stops everything that this started.")
                watch(parts)
    except DemoError as error:
        console.print(f"\n[red]Missing:[/] {error}")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def clear(running: ExitStack, home: Path) -> None:
    """Begin with an empty home; the servers in it are stopped when `running` closes."""
    heading("Starting")
    stageline("down", quiet=True)  # of a demo that was killed
    shutil.rmtree(home, ignore_errors=True)
    (home / "logs").mkdir(parents=True)
    running.callback(stageline, "down", quiet=True)


def start(running: ExitStack, home: Path) -> list[Part]:
    """Start servers and parts; the parts are stopped when `running` closes."""
    stageline("up")
    stageline("topics", "create", quiet=True)
    parts: list[Part] = []
    running.callback(stop, parts)
    parts += [run_part(name, home / "logs") for name in ("worker", "projector", "web")]
    console.print(f"Parts: {', '.join(p.name for p in parts)}   Logs: {home / 'logs'}")
    return parts


def tell_story(parts: list[Part], importing: Import) -> None:
    """Publish the log and the cast; let sales answer; wait until all of it has come through."""
    heading("A real web-server log, and a cast of seven")
    visits = importing.events()
    stageline("publish", "-", stdin=visits)
    stageline("publish", "-", stdin="\n".join([*act(1), identified(first_download(visits))]))
    heading("Sales answers")
    answer_handoffs()
    stageline("publish", "-", stdin="\n".join(act(2)))
    wait_for_stages(parts)


def show() -> None:
    """Print the funnel, the hand-offs with their reasons, and one contact's timeline."""
    heading("Funnel")
    stageline("funnel")
    heading("Hand-offs")
    stageline("handoffs")
    heading("One contact, and why")
    stageline("contact", "maria-keller")
    check_page()


def heading(text: str) -> None:
    """Print a heading."""
    console.print()
    console.rule(f"[bold]{text}", align="left")


def stageline(*arguments: str, quiet: bool = False, stdin: str | None = None) -> str:
    """Run one command; raise DemoError if it fails. Returns what it printed when quiet."""
    done = subprocess.run(
        ["stageline", *arguments], input=stdin, text=True, capture_output=quiet, check=False
    )
    if done.returncode:
        raise DemoError(
            f"`stageline {' '.join(arguments)}` exited with {done.returncode}. {done.stderr or ''}"
        )
    return done.stdout or ""


def run_part(name: str, logs: Path) -> Part:
    """Start a part, its output in a file of `logs`."""
    log = logs / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(["stageline", name], stdout=out, stderr=subprocess.STDOUT)
    return Part(name=name, process=process, log=log)


def stop(parts: list[Part]) -> None:
    """End all parts cleanly, at the same time."""
    for running in parts:
        running.process.terminate()
    for running in parts:
        try:
            running.process.wait(15)
        except subprocess.TimeoutExpired:
            console.print(f"{running.name} did not end within 15 s and was killed; see {running.log}")
            running.process.kill()
            running.process.wait()


@contextmanager
def begin_import(home: Path) -> Iterator[Import]:
    """Begin to turn the web-server log into events that end now."""
    made, said, refused = (home / name for name in ("visits.ndjson", "logs/import.log", "rejects.ndjson"))
    with made.open("wb") as out, said.open("wb") as log:  # the log has a broken line, as real ones do
        process = subprocess.Popen(
            ["stageline", "import", "access-log", str(ACCESS_LOG), "--rules", str(SITE), "--shift-to", "now",
             "--to", "-", "--allow-rejects", "--rejects", str(refused)],
            stdout=out, stderr=log,
        )  # fmt: skip
    try:
        yield Import(process=process, made=made, said=said)
    finally:
        process.terminate()
        process.wait()


def answer_handoffs() -> None:
    """Be the sales team: accept two hand-offs, reject one, leave two open."""
    wanted = {*ANSWERS, *OPEN}
    with Client(load_settings().bootstrap_servers) as client:
        for handoff in client.subscribe_handoffs("demo-sales", idle=PATIENCE_S):
            if handoff.action == "offered" and handoff.contact_id in wanted:
                answer(handoff)
                wanted.remove(handoff.contact_id)
            if not wanted:
                return
    raise DemoError(f"no hand-off for {', '.join(sorted(wanted))} within {PATIENCE_S:.0f} s")


def answer(handoff: Handoff) -> None:
    """Accept it, reject it or leave it open, as the story has it."""
    verdict = ANSWERS.get(handoff.contact_id, "left open")
    if verdict == "accepted":
        handoff.accept(actor="sam")
    elif verdict == "rejected":
        handoff.reject("no budget before spring", actor="sam")
    console.print(f"[bold]{handoff.contact_id}[/]: {handoff.summary} [dim]→[/] {verdict}")


def wait_for_stages(parts: list[Part]) -> None:
    """Wait until everybody stands where the story has them; raise DemoError after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    with console.status("waiting for the last stages") as status:
        for contact, stage in STAGES.items():
            while (found := stage_of(contact)) != stage:
                status.update(f"waiting for {contact} to be in {stage}, is in {found}")
                for running in parts:
                    running.check()
                if time.monotonic() > deadline:
                    raise DemoError(f"{contact} should be in stage {stage}, but is in {found}")
                time.sleep(0.2)


def stage_of(contact: str) -> str | None:
    """Return a contact's stage on the read side: None for one without, UNSEEN for one not there yet."""
    try:
        with reading() as view:
            shown = read_contact(view.ask, contact)
    except LifecycleError:  # nothing projected yet
        return UNSEEN
    if shown is None:
        return UNSEEN
    place = shown["stages"].get("main")
    return None if place is None else str(place["id"])


def page() -> str:
    """Return the address of the live page."""
    settings = load_settings()
    return f"http://{settings.web_host}:{settings.web_port}/"


def check_page() -> None:
    """Raise DemoError unless the page is there."""
    try:
        with urlopen(page(), timeout=PATIENCE_S) as shown:  # noqa: S310 - our own address
            if b"Stageline" not in shown.read():
                raise DemoError(f"{page()} shows something else: is another program on that port?")
    except OSError as error:
        raise DemoError(f"{page()} does not answer: {error}") from None


def watch(parts: list[Part]) -> None:
    """Wait until interrupted; raise DemoError if a part ends."""
    while True:
        for running in parts:
            running.check()
        time.sleep(1.0)


if __name__ == "__main__":
    sys.exit(main())
