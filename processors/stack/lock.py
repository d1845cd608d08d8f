"""Rewrite `kafka.lock` after changing the version of Kafka: `python -m processors.stack.lock`."""

from __future__ import annotations

from processors.stack.jars import KAFKA, LOCK, sha256_of
from processors.stack.packages import local_package


def locked_lines() -> list[str]:
    """Resolve Kafka with everything it needs at run time; a line of the lock file for each."""
    resolve = local_package("jgo").resolve
    jars = resolve(f"org.apache.kafka:kafka_2.13:{KAFKA}")
    log4j = next(jar.version for jar in jars if jar.artifactId == "log4j-core")
    # The bridge that brings Kafka's messages to log4j is in Kafka's archive but not among its dependencies.
    # Alone: resolved together, log4j's bill of materials would choose the version of kafka-clients.
    jars += resolve(f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}")[:1]
    return [f"{sha256_of(jar.resolve())}  {jar.groupId}:{jar.artifactId}:{jar.version}" for jar in jars]


def main() -> None:
    """Write the lock file."""
    title = "# SHA-256 and Maven coordinate of each jar of Kafka. Made by: python -m processors.stack.lock"
    LOCK.write_text("\n".join([title, *locked_lines()]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
