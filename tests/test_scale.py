"""The page on a million clips stands on what its script prints; the simulation obeys arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import scale
from benchmarks.simulated_cluster import Setting, simulate

PLAIN = Setting(n_jobs=20_000, n_workers=100, job_sec=1.0, start_sec=0.0)


@pytest.mark.slow
def test_the_page_is_what_the_script_makes_of_what_it_measured() -> None:
    page = scale.PAGE.read_text("utf-8")
    measured = scale.measured_on(page)
    before = page.partition("| work | minutes |")[0]
    assert scale.page_of(measured, 1).startswith(before), "python benchmarks/scale.py --write"
    *_, last = scale.settings(measured, scale.MILLION)  # one of all: each takes seconds
    assert f"| {' | '.join(scale.simulated_row(*last))} |" in page


def test_many_long_jobs_keep_all_workers_busy() -> None:
    found = simulate(PLAIN)
    assert found.ideal_sec == pytest.approx(20_000 / 100, rel=0.02)
    assert found.busy > 0.99
    assert found.ideal_sec < found.wall_sec < found.ideal_sec + 5


def test_short_jobs_take_the_time_of_the_scheduler() -> None:
    found = simulate(replace(PLAIN, job_sec=0.01))
    assert found.wall_sec == pytest.approx(20_000 * PLAIN.scheduler_sec, rel=0.02)
    slow_client = simulate(replace(PLAIN, job_sec=0.01, client_sec=0.004))
    assert slow_client.wall_sec == pytest.approx(20_000 * 0.004, rel=0.02)


def test_kills_cost_what_was_begun_and_no_job() -> None:
    found = simulate(replace(PLAIN, life_sec=50.0, away_sec=10.0))
    n_lives = 100 * found.wall_sec / (50 + 10)
    assert found.n_kills == pytest.approx(n_lives, rel=0.2)
    assert found.redone_sec == pytest.approx(found.n_kills * 0.6, rel=0.3)  # longer ones are hit
    assert found.ideal_sec == pytest.approx(20_000 / 100, rel=0.02)  # each job was done, once
    assert found.busy == pytest.approx(50 / 60, abs=0.05)


def test_same_seed_same_events() -> None:
    setting = replace(PLAIN, n_jobs=2_000, life_sec=20.0)
    assert simulate(setting, 3) == simulate(setting, 3) != simulate(setting, 4)
