from __future__ import annotations

import pytest

from processors import backend
from processors.backend import chosen
from schemas.errors import LifecycleError
from schemas.native import BACKEND


@pytest.mark.parametrize(
    ("wanted", "installed", "used"),
    [
        ("", True, "native"),
        ("native", True, "native"),
        ("reference", True, "reference"),
        ("", False, "reference"),
    ],
)
def test_the_compiled_back_end_is_used_where_it_is_there_and_nobody_asks_for_the_other(
    wanted: str,
    installed: bool,  # noqa: FBT001 - a case
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(BACKEND, wanted)
    monkeypatch.setattr(backend, "is_installed", lambda: installed)
    assert chosen() == used


@pytest.mark.parametrize(
    ("wanted", "message"), [("refrence", "write native or reference"), ("native", "is not installed")]
)
def test_a_back_end_that_cannot_be_is_refused(
    wanted: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BACKEND, wanted)
    monkeypatch.setattr(backend, "is_installed", lambda: False)
    with pytest.raises(LifecycleError, match=f"{BACKEND}={wanted}.*{message}"):
        chosen()
