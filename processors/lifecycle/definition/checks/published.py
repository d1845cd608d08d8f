"""A published version never changes: two contacts decided under one version were decided by the same plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.plan import Plan
    from processors.strict_yaml.source import Source


def check_published(plan: Plan, published: Mapping[str, str], source: Source) -> None:
    """Refuse a version that is known with another plan. `published`: id@version → plan hash."""
    known = published.get(f"{plan.id}@{plan.version}", plan.plan_hash)
    if known != plan.plan_hash:
        major, minor, patch = plan.version.split(".")
        hashes = f"{known[:12]}…, now {plan.plan_hash[:12]}…"
        message = f"{plan.id}@{plan.version} was published with another plan ({hashes})"
        remedy = (
            f"raise the version, for example to {major}.{minor}.{int(patch) + 1}, or take the change back"
        )
        source.refuse(source.place(("version",)), message, remedy)
