"""The file under check: its models, its vocabulary, every condition with its path, and where problems go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.checks.walk import conditions
from processors.lifecycle.definition.grammar.lifecycle import EventFilter
from processors.strict_yaml.problem import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.definition.checks.walk import Found
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.vocabulary import Fields
    from processors.strict_yaml.source import Path, Source


@dataclass(slots=True)
class File:
    """What every check is given."""

    lifecycle: Lifecycle
    source: Source
    conditions: list[Found] = field(init=False)
    events: dict[str, Fields] = field(init=False)

    def __post_init__(self) -> None:
        self.conditions = list(conditions(self.lifecycle))
        self.events = vocabulary.event_fields(self.lifecycle)

    def refuse(self, path: Path, message: str, remedy: str, *, key: bool = False) -> None:
        """Note a problem at the value, or at the key, of a path."""
        self.source.refuse(self.source.place(path, key=key), message, remedy)

    def known(
        self, path: Path, what: str, name: str, names: Iterable[str], *, of: str = "", key: bool = False
    ) -> bool:
        """Whether a name is declared; if not, the problem is noted. `of`: what the name should belong to."""
        names = list(names)
        if name in names:
            return True
        message = f"{of} has no {what} '{name}'" if of else f"no {what} '{name}'"
        self.refuse(path, message, nearest(name, names) or f"no {what} is declared yet", key=key)
        return False

    def filters(self, behaviour: str) -> list[EventFilter]:
        """Return the event filters a behaviour is made of, as far as its names are known."""
        found: dict[str, EventFilter] = {}
        waiting, seen = [behaviour], set()
        while waiting:
            name = waiting.pop()
            part = self.lifecycle.behaviours.get(name)
            if part is None or name in seen:
                continue
            seen.add(name)
            if isinstance(part, EventFilter):
                found[name] = part
            else:
                waiting.extend(part.any_of)
        return list(found.values())
