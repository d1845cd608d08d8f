"""Kafka's jars: exactly those of `kafka.lock`, fetched once into the user's cache, verified at each start."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from processors.stack.packages import OTHER_WAYS, local_package
from processors.stack.steps import step
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from rich.console import Console

KAFKA = "4.4.0"
LOCK = Path(__file__).with_name("kafka.lock")
DOWNLOADS = 8  # at once; more gains nothing on one repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """An artifact of a Maven repository and the SHA-256 (hex) of its jar."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """Name in the cache folder."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def locked_jars() -> tuple[Jar, ...]:
    """Read the lock file: `sha256  group:artifact:version` a line, in class path order."""
    rows = (
        line.split() for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    return tuple(_jar(sha256, *coordinate.split(":")) for sha256, coordinate in rows)


def cache_folder() -> Path:
    """Return where jars are kept for every checkout of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stageline" / f"kafka-{KAFKA}"


def class_path(folder: Path, jars: tuple[Jar, ...], console: Console) -> str:
    """Return Kafka's class path after fetching what is missing and verifying all of it.

    Raises LifecycleError naming the jar that cannot be fetched or is not the locked one, and what to do.
    """
    fetch_missing(folder, jars, console)
    with step(console, f"Kafka {KAFKA}: verify {len(jars)} jars", total=len(jars)) as done:
        for jar in jars:
            _verify(jar, folder / jar.file, "Remove that file and run this again: it is fetched anew.")
            done()
    return os.pathsep.join(str(folder / jar.file) for jar in jars)


def fetch_missing(folder: Path, jars: tuple[Jar, ...], console: Console) -> None:
    """Fetch what is not in the folder yet; raises LifecycleError as `class_path` does."""
    missing = [jar for jar in jars if not (folder / jar.file).exists()]
    if missing:
        _fetch(missing, folder, console)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _jar(sha256: str, group: str, artifact: str, version: str) -> Jar:
    return Jar(group=group, artifact=artifact, version=version, sha256=sha256)


def _verify(jar: Jar, file: Path, remedy: str) -> None:
    if (found := sha256_of(file)) != jar.sha256:
        raise LifecycleError(
            f"{jar} is not the jar that was locked: {file} has SHA-256 {found}, not {jar.sha256}. {remedy}"
        )


def _fetch(jars: list[Jar], folder: Path, console: Console) -> None:
    """Fetch into a folder of our own, verify, then rename: an interrupted fetch leaves no half jar."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=folder, prefix="incoming-") as incoming,
        step(console, f"Kafka {KAFKA}: fetch {len(jars)} jars", total=len(jars)) as done,
    ):
        pool = ThreadPoolExecutor(DOWNLOADS)
        try:
            for arrived in pool.map(lambda jar: _fetch_one(jar, Path(incoming)), jars):
                arrived.replace(folder / arrived.name)
                done()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(jar: Jar, incoming: Path) -> Path:
    context = _maven_context(incoming / "repository")
    try:
        found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (RuntimeError, OSError) as error:  # jgo's own errors, and those of requests
        raise LifecycleError(
            f"Kafka's jar {jar} could not be fetched ({error}). Check the network and the Maven mirror in "
            f"[repositories] of jgo's settings (~/.config/jgo.conf), then run this again; {OTHER_WAYS}."
        ) from error
    arrived = Path(shutil.copyfile(found, incoming / jar.file))
    _verify(jar, arrived, f"It came from {found}: mend the Maven mirror or repository, then run this again.")
    return arrived


def _maven_context(repository: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a jgo MavenContext; jgo is optional
    """Look into the user's own repositories (~/.m2, jgo's settings) before and beside the public one."""
    settings = local_package("jgo.config").GlobalSettings.load()
    context = local_package("jgo.maven").MavenContext(
        repo_cache=repository, local_repos=[settings.repo_cache]
    )
    context.remote_repos.update(settings.repositories)
    return context
