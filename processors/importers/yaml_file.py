"""Small YAML files (rules, maps), as strict as lifecycle files: YAML 1.2, no key twice, nothing unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from processors.strict_yaml.problem import nearest, refuse, render
from processors.strict_yaml.source import read
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from processors.strict_yaml.source import Source

Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """A mapping in such a file: no unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
        names = [field.alias or name for name, field in cls.model_fields.items()]
        for key in value if isinstance(value, dict) else ():
            if key not in names:
                raise refuse(f"unknown key '{key}'", nearest(key, names), key)
        return value


def load_model(file: Path, model: type[Model]) -> Model:
    """Read a file into a model.

    Raises LifecycleError whose text shows every mistake with line, column and what to write instead.
    """
    try:
        source = read(file.read_bytes(), str(file))
    except OSError as error:
        raise LifecycleError(f"{file}: {error.strerror}.") from None
    if not source.problems:
        try:
            return model.model_validate(source.value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _note(source, detail)
    raise LifecycleError(render(source.problems, name=source.name, text=source.text))


def _note(source: Source, detail: ErrorDetails) -> None:
    context = detail.get("ctx", {})
    further = context.get("path", ())
    place = source.place((*detail["loc"], *further), key=bool(further))
    source.refuse(place, detail["msg"], context.get("remedy", ""))
