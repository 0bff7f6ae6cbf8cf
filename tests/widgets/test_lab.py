"""The lab: its programs do what they say, the page follows the settings, and nothing is left behind."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ipywidgets.widgets import widget as registry

from helpers import Recording, lab
from helpers.recording import Span, Task
from helpers.simulated_io import JITTERS
from helpers.widgets import cleanup as widget_life
from helpers.widgets.lab_program import FILE, LIMITED, STRATEGIES, Settings, requests_in_flight, run, source


def made(**changes) -> Settings:
    return Settings(**{"requests": 10, "jitter": "none", **changes})


# -- the program ------------------------------------------------------------------------------------

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
    """All that a recording holds, but for the file of the code, and for the order of turns at the same instant after an
    error: a task group cancels its tasks in the order of a set."""
    data = json.loads(recording.to_json().replace('"cell"', json.dumps(FILE)))
    if recording.error.startswith("ExceptionGroup"):
        for task in data["tasks"]:
            for span in task["spans"]:
                span["step"] = span["step"] >= 0
    return data


@given(ALL)
@hypothesis_settings(max_examples=120, deadline=None)
def test_shown_code_does_in_a_cell_what_the_lab_shows(settings):
    outcome = run(settings)
    names = {"__name__": "__main__"}
    exec(compile(source(settings), "cell", "exec"), names)
    pasted: Recording = names["run"]
    assert happened(pasted) == happened(outcome.recording)
    assert type(pasted.exception) is type(outcome.recording.exception)
    if not pasted.error:
        assert pasted.result == outcome.recording.result
        assert outcome.prices == settings.requests - pasted.result.count(None)
    assert max(map(len, source(settings).splitlines())) <= 90


@pytest.mark.parametrize(
    "changes, elapsed, peak, failed, sent",
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
    "changes, message",
    [
        ({"requests": 0}, "requests is from 1 to 1,000; got 0"),
        ({"requests": 1001}, "requests is from 1 to 1,000; got 1001"),
        ({"failure_rate": 30}, "failure_rate is a probability between 0 and 1: for 30 % write failure_rate=0.3; got 30"),
        ({"strategy": "threads"}, 'strategy is one of "one by one", "gather"'),
        ({"timeout": 0}, "timeout is 0.001 or more; got 0"),
        ({"latency": float("nan")}, "latency is 0 or more; got nan"),
    ],
)
def test_wrong_settings_are_explained(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lab(**changes)


@pytest.mark.parametrize("changes, message", [
    ({"requests": 2.5}, "requests is a whole number; got 2.5"),
    ({"requests": True}, "requests is a whole number; got True"),
    ({"latency": "0.3"}, "latency is a number; got '0.3'"),
    ({"request": 5}, "lab() has no setting 'request'; there are requests, latency"),
])
def test_settings_of_the_wrong_kind_are_explained(changes, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        lab(**changes)


# -- the page ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test closes its labs; then no widget is left."""
    before = set(registry._instances)
    yield
    assert set(registry._instances) == before


@pytest.fixture
def bench():
    labs = []

    def make(**settings):
        labs.append(lab(**settings))
        return labs[-1]

    yield make
    for one in labs:
        one.close()


def test_every_control_changes_what_is_shown(bench):
    one = bench(requests=12, capacity=5, strategy="semaphore", failure_rate=0.5, timeout=0.4)
    one.code_button.value = True
    changes = {"requests": 50, "latency": 0.35, "jitter": "none", "failure_rate": 0.2, "capacity": 3,
               "when_full": "refuse", "strategy": "workers", "limit": 2, "timeout": 0.3,
               "retries": 2, "errors": "raised"}
    assert set(changes) == set(one.controls)
    for name, value in changes.items():
        before = one.listing.value, one.picture.value
        one.controls[name].value = value
        assert getattr(one.settings, name) == value
        assert one.run == run(one.settings).recording
        assert one.listing.value == one.code == source(one.settings) != before[0]
        assert one.picture.value != before[1], name


def test_no_limit_is_none(bench):
    one = bench(capacity=5, timeout=0.5)
    one.controls["capacity"].value = one.controls["timeout"].value = 0
    assert (one.settings.capacity, one.settings.timeout) == (None, None)


def test_value_that_is_on_no_slider_by_default_is_there(bench):
    one = bench(requests=37, latency=3.0, capacity=33, limit=7, timeout=0.35, retries=7)
    assert one.controls["requests"].value == 37
    one.controls["retries"].value = 6
    assert one.settings == Settings(requests=37, latency=3.0, capacity=33, limit=7, timeout=0.35, retries=6)


def test_steps_of_a_slider_are_rounded(bench):
    one = bench()
    one.controls["latency"].value = 0.1 + 0.2
    assert one.settings.latency == 0.3


def test_controls_without_effect_are_disabled(bench):
    one = bench(strategy="gather")
    off = {name for name, control in one.controls.items() if control.disabled}
    assert off == {"when_full", "limit", "retries", "errors"}
    one.controls["strategy"].value = LIMITED[0]
    one.controls["capacity"].value = 5
    one.controls["failure_rate"].value = 0.1
    assert not any(control.disabled for control in one.controls.values())


def test_result_is_told_to_screen_readers(bench):
    one = bench(requests=10, jitter="none")
    assert 'role="status"' in one.result.value
    words = re.sub(r"<[^>]+>", " ", one.result.value).split()
    assert words[-8:] == ["0.3", "s", "33.3", "10", "0", "of", "10", "10"]


def test_error_of_the_run_is_shown(bench):
    one = bench(failure_rate=1.0, errors="raised")
    assert "ended with ShopError" in one.result.value
    assert "ended with ShopError" in str(one)


def test_pinned_settings_stand_side_by_side_on_one_axis(bench):
    one = bench(requests=10, jitter="none", strategy="one by one")
    one.pin_button.click()
    assert one.pin_button.disabled and one.pin_button.description == "Pin as B"     # the same would be of no use
    one.controls["strategy"].value = "gather"
    assert [name for name, _ in one.shown()] == ["A", "now"]
    one.pin_button.click()
    one.controls["strategy"].value = "semaphore"
    assert [(name, o.settings.strategy) for name, o in one.shown()] == [
        ("A", "one by one"), ("B", "gather"), ("now", "semaphore")]
    assert one.pin_button.disabled
    svg = one.picture.value
    labels = re.findall(r">((?:A|B|now): [^<]*)<", svg)
    assert labels == ["A: one by one", "B: gather", "now: semaphore"]
    assert svg.count("3 s</text>") >= 1 and svg.count("2.5 s</text>") == 1      # one axis, which reaches to 3 s
    one.pin()
    assert len(one.pinned) == 2
    one.unpin_button.click()
    assert [name for name, _ in one.shown()] == ["now"]
    assert one.unpin_button.disabled


def test_setting_that_is_pinned_is_shown_once(bench):
    one = bench(strategy="gather")
    one.pin()
    one.controls["strategy"].value = "one by one"
    one.controls["strategy"].value = "gather"
    assert [name for name, _ in one.shown()] == ["A"]


def test_code_is_hidden_until_it_is_asked_for(bench):
    one = bench()
    assert one.listing.layout.display == "none"
    one.code_button.value = True
    assert one.listing.layout.display != "none"
    assert one.listing.value == one.code
    one.code_button.value = False
    assert one.listing.layout.display == "none"


def test_two_labs_do_not_disturb_each_other(bench):
    one, other = bench(requests=10), bench(requests=10)
    before = str(other), other.picture.value
    one.pin()
    one.controls["requests"].value = 100
    assert (str(other), other.picture.value) == before
    one.close()
    other.controls["requests"].value = 20
    assert other.settings.requests == 20


def test_closed_lab_can_still_be_read(bench):
    one = bench(requests=10, jitter="none")
    one.close()
    one.close()
    assert one.run.elapsed == 0.3
    assert one._repr_mimebundle_() == {"text/plain": f"{one}\n(closed)"}


def test_text_twin(bench):
    one = bench(requests=10, jitter="none")
    assert str(one) == (
        "lab: 10 requests, gather, latency 0.3 s\n10 prices in 0.3 s; 33.3 per second; peak 10 in flight; 0 failed")
    data, metadata = one._repr_mimebundle_()
    assert data["text/plain"] == str(one)
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["alt"].startswith("The lab. Timeline: 11 tasks in 0.3 s")
    one.pin()
    one.controls["requests"].value = 20
    assert str(one).splitlines()[3].startswith("now: 20 requests")


def test_lists_and_fields_instead_of_sliders(bench):
    one = bench(sliders=False, requests=10, jitter="none")
    assert not [c for c in one.controls.values() if "Slider" in type(c).__name__]
    one.controls["requests"].value = 20
    one.controls["latency"].value = 0.5
    assert one.run.elapsed == 0.5


def test_works_while_a_loop_is_running_and_leaves_no_task(bench):
    async def cell():
        loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
        one = bench()
        one.controls["requests"].value = 100
        assert asyncio.all_tasks() == before
        assert not loop._scheduled and not loop._ready
        await asyncio.sleep(0)
        return one.run.elapsed

    assert asyncio.run(cell()) == run(Settings(requests=100)).recording.elapsed


# -- cells that are run again -----------------------------------------------------------------------


class Shell:
    """As much of a notebook's shell as counts here."""

    def __init__(self):
        self.callbacks, self.cell = [], None
        self.events = SimpleNamespace(register=lambda name, f: self.callbacks.append(f),
                                      unregister=lambda name, f: self.callbacks.remove(f))

    def get_parent(self):
        return {"metadata": {"cellId": self.cell}} if self.cell else {"metadata": {}}

    def runs(self, cell):
        self.cell = cell
        for callback in list(self.callbacks):
            callback(SimpleNamespace(cell_id=cell))


@pytest.fixture
def shell(monkeypatch):
    made = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    yield made


def test_cell_that_is_run_again_closes_what_it_made(shell, bench):
    shell.runs("first")
    one, two = bench(), bench()
    shell.runs("second")
    other = bench()
    shell.runs("first")
    assert [x._root is None for x in (one, two, other)] == [True, True, False]
    shell.runs("second")
    assert other._root is None
    assert shell.callbacks == [] and widget_life._cells.made == {}


def test_page_that_does_not_name_its_cells(shell, bench):
    one = bench()
    shell.runs(None)
    assert one._root is not None and shell.callbacks == []


# -- stored notebooks -------------------------------------------------------------------------------


def test_stored_notebook_keeps_picture_and_text_but_no_widget(bench):
    import nbformat

    from tools.refresh import normalise

    data, metadata = bench()._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("lab()", outputs=[output])
    made = normalise(nbformat.v4.new_notebook(cells=[cell]))
    assert set(made.cells[0].outputs[0].data) == {"text/plain", "image/png"}
