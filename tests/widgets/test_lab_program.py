"""What the lab runs: its programs do what they say, and wrong settings are explained."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from helpers import Recording, lab
from helpers.recording import Span, Task
from helpers.simulated_io import JITTERS
from helpers.widgets.lab_outcome import FILE, requests_in_flight, run
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import STRATEGIES, Settings


def made(**changes) -> Settings:
    return Settings(**{"requests": 10, "jitter": "none", **changes})


ALL = st.builds(
    Settings,
    requests=st.integers(1, 40),
    latency=st.sampled_from([0.0, 0.05, 0.3, 2.0]),
    jitter=st.sampled_from(JITTERS),
    failure_rate=st.sampled_from([0.0, 0.2, 1.0]),
    capacity=st.sampled_from([None, 1, 7]),
    when_full=st.sampled_from(["queue", "refuse"]),
    strategy=st.sampled_from(STRATEGIES),
    limit=st.sampled_from([1, 5, 50]),
    timeout=st.sampled_from([None, 0.1, 0.5]),
    retries=st.integers(0, 3),
    errors=st.sampled_from(["caught", "raised"]),
)


def happened(recording):
    """All that a recording holds, but for the file of the code, for the order of turns at the same instant after an
    error: a task group cancels its tasks in the order of a set; and for what real work took, which is measured."""
    data = json.loads(recording.to_json().replace('"cell"', json.dumps(FILE)))
    data["remarks"] = [each for each in data["remarks"] if each["kind"] != "real work"]
    if recording.error.startswith("ExceptionGroup"):
        for task in data["tasks"]:
            for span in task["spans"]:
                span["step"] = span["step"] >= 0
    return data


@pytest.mark.slow
@given(ALL)
@hypothesis_settings(max_examples=120, deadline=None)
def test_shown_code_does_in_a_cell_what_the_lab_shows(settings):
    outcome = run(settings)
    names = {"__name__": "__main__"}
    exec(compile(source(settings), "cell", "exec"), names)
    pasted: Recording = names["lab_run"]
    assert happened(pasted) == happened(outcome.recording)
    assert type(pasted.exception) is type(outcome.recording.exception)
    if not pasted.error:
        assert pasted.result == outcome.recording.result
        assert outcome.prices == settings.requests - pasted.result.count(None)
    assert max(map(len, source(settings).splitlines())) <= 90


@pytest.mark.parametrize(
    ("changes", "elapsed", "peak", "failed", "sent"),
    [
        ({"strategy": "one by one"}, 3.0, 1, 0, 10),
        ({"strategy": "gather"}, 0.3, 10, 0, 10),
        ({"strategy": "task group"}, 0.3, 10, 0, 10),
        ({"strategy": "as completed"}, 0.3, 10, 0, 10),
        ({"strategy": "semaphore", "limit": 5}, 0.6, 5, 0, 10),
        ({"strategy": "workers", "limit": 4}, 0.9, 4, 0, 10),
        ({"strategy": "gather", "capacity": 5}, 0.6, 10, 0, 10),
        ({"strategy": "gather", "capacity": 4, "when_full": "refuse"}, 0.3, 4, 6, 10),
        ({"strategy": "semaphore", "limit": 4, "capacity": 4, "when_full": "refuse"}, 0.9, 4, 0, 10),
        ({"strategy": "gather", "capacity": 2, "timeout": 0.7}, 0.7, 10, 6, 10),
        ({"strategy": "gather", "timeout": 0.2, "retries": 2}, 0.6, 10, 10, 30),
        ({"strategy": "gather", "failure_rate": 1.0, "retries": 1}, 0.6, 10, 10, 20),
        ({"strategy": "gather", "failure_rate": 1.0, "errors": "raised"}, 0.3, 10, 10, 10),
    ],
)
def test_outcome(changes, elapsed, peak, failed, sent):
    outcome = run(made(**changes))
    assert (outcome.recording.elapsed, outcome.peak, outcome.failed, outcome.sent) == (elapsed, peak, failed, sent)


def test_throughput_is_prices_for_each_second():
    assert run(made(strategy="semaphore", limit=5)).throughput == pytest.approx(10 / 0.6)
    assert run(made(latency=0)).throughput == 0


def endings(outcome):
    return [task.outcome for task in outcome.recording.tasks[1:]]


def test_raised_error_stops_a_task_group_and_not_the_tasks_of_a_gather():
    settings = made(requests=20, jitter="uniform", failure_rate=0.2, errors="raised")
    gather = run(dataclasses.replace(settings, strategy="gather"))
    group = run(dataclasses.replace(settings, strategy="task group"))
    assert gather.recording.error.startswith("ShopError")
    assert group.recording.error.startswith("ExceptionGroup")
    assert group.recording.elapsed == gather.recording.elapsed
    assert "cancelled" in endings(group)


def test_every_strategy_asks_the_same_requests():
    results = [run(made(requests=12, jitter="lognormal", failure_rate=0.3, strategy=s)).recording.result
               for s in STRATEGIES]
    for result in results:
        assert sorted(result, key=str) == sorted(results[0], key=str)


def test_peak_counts_requests_and_not_tasks():
    outcome = run(made(requests=30, strategy="semaphore", limit=3))
    assert outcome.peak == 3
    assert outcome.recording.peak == 30


def test_place_is_free_at_the_instant_at_which_it_is_taken():
    spans = (Span("wait", 0.0, 1.0, "request"), Span("wait", 1.0, 2.0, "request"), Span("wait", 0.0, 2.0, "sleep"))
    main = Task(0, "main", "main", None, 0.0, 2.0, "result", "", spans)
    assert requests_in_flight(Recording((main,), 2.0)) == 1


def test_code_has_only_what_the_settings_ask_for():
    plain, full = source(made()), source(made(failure_rate=0.2, timeout=0.5, retries=2, capacity=3, strategy="workers"))
    for word in ("timeout", "except", "attempt", "Queue", "failure_rate", "capacity"):
        assert word not in plain
        assert word in full


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"requests": 0}, "requests is from 1 to 1,000; got 0"),
        ({"requests": 1001}, "requests is from 1 to 1,000; got 1001"),
        ({"failure_rate": 30},
         "failure_rate is a probability between 0 and 1: for 30 % write failure_rate=0.3; got 30"),
        ({"strategy": "threads"}, 'strategy is one of "one by one", "gather"'),
        ({"timeout": 0}, "timeout is 0.001 or more; got 0"),
        ({"latency": float("nan")}, "latency is 0 or more; got nan"),
    ],
)
def test_wrong_settings_are_explained(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lab(**changes)


@pytest.mark.parametrize(("changes", "message"), [
    ({"requests": 2.5}, "requests is a whole number; got 2.5"),
    ({"requests": True}, "requests is a whole number; got True"),
    ({"latency": "0.3"}, "latency is a number; got '0.3'"),
    ({"request": 5}, "lab() has no setting 'request'; there are requests, latency"),
])
def test_settings_of_the_wrong_kind_are_explained(changes, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        lab(**changes)
