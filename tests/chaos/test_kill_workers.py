from collections.abc import Callable
from pathlib import Path

import pytest

from processors.stack.server import LocalServer
from processors.topic_admin import ensure_topics
from tests.chaos.counting import CountingSubject
from tests.chaos.crash import PARTITIONS, crash_test
from tests.chaos.lifecycle import LifecycleSubject


@pytest.mark.timeout(280)
@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_workers_killed_five_times_under_load_lose_double_and_miscount_nothing(
    bootstrap_servers: str, unique: Callable[[str], str], tmp_path: Path, store: str
) -> None:
    folder = tmp_path / "state" if store == "rocksdb" else None
    subject = CountingSubject(bootstrap_servers, unique("counting"), folder)
    report = crash_test(subject, bootstrap_servers, tmp_path, events=50_000, kills=5, seed=7)
    assert (report.lost, report.duplicated, report.divergent) == (0, 0, 0), report
    assert report.expected > 9_000
    assert (report.ended_by_themselves, report.stalled, report.finished) == (0, 0, True), report
    assert max(report.takeover_s) < 30, report  # 6 s of session and the rest for a busy machine


@pytest.mark.timeout(280)
def test_stageline_workers_killed_under_load_decide_exactly_what_one_fold_of_the_log_decides(
    broker: LocalServer, tmp_path: Path
) -> None:
    ensure_topics(broker.address, partitions=PARTITIONS)
    subject = LifecycleSubject(broker.address)
    report = crash_test(subject, broker.address, tmp_path, events=20_000, kills=3, seed=7)
    assert (report.lost, report.duplicated, report.divergent) == (0, 0, 0), report
    assert report.expected > 2_000
    assert (report.ended_by_themselves, report.stalled, report.finished) == (0, 0, True), report
