"""Where lifecycle files are found: a path, or the name of a preset that comes with Stageline."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from processors.lifecycle.definition.load import load
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

_PRESETS = files("schemas") / "lifecycles"


def load_lifecycle(path_or_preset: str) -> Plan:
    """Return the plan of a file or preset. Raises LifecycleError whose text is the whole report."""
    return compile_lifecycle(*read_lifecycle(path_or_preset))


def compile_lifecycle(name: str, data: bytes) -> Plan:
    """Return the plan of a file's bytes; reports call it `name`. Raises LifecycleError as above."""
    loaded = load(data, name)
    if loaded.plan is None:
        raise LifecycleError(loaded.report)
    return loaded.plan


def read_lifecycle(path_or_preset: str) -> tuple[str, bytes]:
    """Return what to call the file, and its bytes. A bare name is a preset's, unless such a file exists."""
    path = Path(path_or_preset)
    if path_or_preset in presets() and not path.exists():
        return f"{path_or_preset}.yaml", (_PRESETS / f"{path_or_preset}.yaml").read_bytes()
    try:
        return path_or_preset, path.read_bytes()
    except OSError as error:
        known = ", ".join(presets())
        raise LifecycleError(
            f"{path_or_preset}: no lifecycle file here ({error.strerror}); give a path or a preset: {known}"
        ) from error


def presets() -> tuple[str, ...]:
    """Return the names of the presets."""
    names = (file.name for file in _PRESETS.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))
