from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.counting import CountingSubject
from tests.chaos.crash import crash_test


@pytest.mark.timeout(280)
def test_workers_killed_five_times_under_load_lose_double_and_miscount_nothing(
    bootstrap_servers: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    subject = CountingSubject(bootstrap_servers, unique("counting"))
    report = crash_test(subject, bootstrap_servers, tmp_path, events=50_000, kills=5, seed=7)
    assert (report.lost, report.duplicated, report.divergent) == (0, 0, 0), report
    assert report.expected > 9_000
    assert (report.ended_by_themselves, report.stalled) == (0, 0), report
    assert max(report.takeover_s) < 15, report  # 6 s of session and the rest for a busy machine
