"""Small YAML files (rules, maps): read safely, every scalar as the text that stands there.

Text, because a CRM's columns are called `No`, `On` and `1`, which YAML would turn into false, true and a
number. The model that reads the file decides what is a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from pydantic import ValidationError

MAX_BYTES = 1024 * 1024  # a map of a thousand columns takes a tenth of it


class _Loader(yaml.BaseLoader):
    """Text only; no aliases, no key twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases are not used here: write it out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_yaml(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a file. Raises LifecycleError with file, line and column."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise LifecycleError(f"{file}: larger than 1 MiB, which no file of this kind is.")
        return yaml.load(file.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader: text only
    except OSError as error:
        raise LifecycleError(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise LifecycleError(f"{file}: not UTF-8. Save it as UTF-8.") from None
    except RecursionError:
        raise LifecycleError(f"{file}: nested too deeply.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise LifecycleError(f"{file}{place}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise LifecycleError(f"{file}: {error}.") from None


def refusal(file: Path, error: ValidationError) -> str:
    """Say in one line where in the file the first mistake is, and what it is."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{file}: {place + ': ' if place else ''}{message}."
