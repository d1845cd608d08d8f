from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from processors.stack.jars import KAFKA
from processors.stack.kafka import CLUSTER_ID, answers, data_is_ours, kafka_server, properties
from processors.stack.local import QUIET
from processors.stack.packages import local_package
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

PORTS = {"Kafka": 20001, "Kafka's controller": 20002}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "meta.properties").write_text(f"cluster.id={CLUSTER_ID}\nnode.id=1\n", encoding="utf-8")
    return folder


def test_kafka_listens_on_loopback_only(tmp_path: Path) -> None:
    lines = properties(tmp_path, PORTS).splitlines()
    assert [line for line in lines if "listeners=" in line] == [
        "listeners=PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002",
        "advertised.listeners=PLAINTEXT://127.0.0.1:20001",
    ]


def test_a_home_that_kafka_would_read_as_two_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match=r"comma.*STAGELINE_HOME"):
        properties(tmp_path / "a,b", PORTS)


def test_no_data_or_an_empty_folder_is_to_be_formatted(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (data_is_ours(tmp_path / "none"), data_is_ours(tmp_path / "empty")) == (False, False)


def test_data_of_this_kafka_or_an_older_one_is_used(data: Path) -> None:
    assert data_is_ours(data)
    data.with_name("version").write_text("4.1.0\n", encoding="utf-8")
    assert data_is_ours(data)


@pytest.mark.parametrize("meta", [None, "cluster.id=MkU3OEVBNTcwNTJENDM2Qg\n"])
def test_a_folder_with_other_data_is_refused_and_left_alone(data: Path, meta: str | None) -> None:
    (data / "meta.properties").unlink()
    (data / "thesis.txt").touch()
    if meta:
        (data / "meta.properties").write_text(meta, encoding="utf-8")
    with pytest.raises(LifecycleError, match=r"not made by this local stack.*Move it away"):
        data_is_ours(data)
    assert (data / "thesis.txt").exists()


def test_data_of_a_newer_kafka_is_refused(data: Path) -> None:
    data.with_name("version").write_text("4.99.0\n", encoding="utf-8")
    with pytest.raises(LifecycleError, match=rf"Kafka 4\.99\.0, which is newer than {KAFKA}.*Move it away"):
        data_is_ours(data)


@pytest.mark.parametrize("recorded", ["{own}", "999999999", "", "-7", "not a number"])
def test_a_pid_file_that_does_not_name_our_server_finds_nothing(tmp_path: Path, recorded: str) -> None:
    recorded = recorded.format(own=os.getpid())
    server = kafka_server(tmp_path, QUIET)
    server.folder.mkdir()
    server.pid_file.write_text(recorded, encoding="utf-8")
    assert server.process() is None


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1", "", "127.0.0.1:port"])
def test_nothing_answers_at_a_wrong_address(address: str) -> None:
    assert not answers(address)


def test_a_missing_package_is_named_with_the_other_ways() -> None:
    with pytest.raises(
        LifecycleError, match=r"no_such_package: pip install 'stageline\[local\]', or use Docker"
    ):
        local_package("no_such_package")
