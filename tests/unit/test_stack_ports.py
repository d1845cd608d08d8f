from __future__ import annotations

import io
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from processors.stack.local import QUIET
from processors.stack.ports import FIRST, HOST, LAST, choose_ports, free_port, is_free, remembered_ports
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_where_somebody_listens_is_not_free() -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        assert not is_free(other.getsockname()[1])


def test_a_chosen_port_is_free_and_never_one_that_outgoing_connections_get() -> None:
    port = free_port()
    assert (is_free(port), FIRST <= port < LAST <= 32_768) == (True, True)


def test_ports_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = choose_ports(file, ("Kafka", "controller"), QUIET)
    assert choose_ports(file, ("Kafka", "controller"), QUIET) == first == remembered_ports(file)


def test_a_port_taken_since_is_replaced_and_said(tmp_path: Path) -> None:
    file, said = tmp_path / "ports.json", io.StringIO()
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        file.write_text(json.dumps({"Kafka": taken, "controller": FIRST - 1}), encoding="utf-8")
        ports = choose_ports(file, ("Kafka", "controller"), Console(file=said))
    assert ports["Kafka"] != taken
    assert ports["controller"] == FIRST - 1
    assert said.getvalue() == f"Port {taken} (Kafka) is taken by another program: choosing a new one.\n"


@pytest.mark.parametrize("text", ["", "[]", '{"Kafka": "x"}', '{"Kafka": null}'])
def test_a_damaged_ports_file_names_itself_and_the_remedy(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ports.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LifecycleError, match=r"ports\.json cannot be read.*Remove it"):
        remembered_ports(file)
