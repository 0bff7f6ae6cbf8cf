"""The lab as widgets, without a browser: the page follows the settings, and nothing is left behind."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from helpers.widgets.afterwards import RUN_AGAIN, STRIPPED, TELLS
from helpers.widgets.lab_controls import IN_TROUBLE
from helpers.widgets.lab_outcome import run
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import LIMITED, Settings

VIEW = "application/vnd.jupyter.widget-view+json"


def listed(one):
    """The program as the page shows it."""
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*)</textarea>", one.listing.value, re.DOTALL)[1])


# -- the page ---------------------------------------------------------------------------------------


def test_every_control_changes_what_is_shown(bench):
    one = bench(requests=12, capacity=5, strategy="semaphore", failure_rate=0.5, timeout=0.4)
    one.code_button.value = True
    changes = {"requests": 50, "latency": 0.35, "jitter": "lognormal", "spread": 1.2, "failure_rate": 0.2,
               "capacity": 3, "when_full": "refuse", "strategy": "workers", "limit": 2, "timeout": 0.3,
               "retries": 2, "errors": "raised"}
    assert set(changes) == set(one.controls) - set(IN_TROUBLE)
    for name, value in changes.items():
        before = one.listing.value, one.picture.value
        one.controls[name].value = value
        assert getattr(one.settings, name) == value
        assert one.run == run(one.settings).recording
        assert one.code == source(one.settings) == listed(one) and one.listing.value != before[0]
        assert one.picture.value != before[1], name


def test_every_control_for_trouble_changes_what_is_shown(bench):
    one = bench(requests=12, capacity=5, strategy="semaphore", limit=10, failure_rate=0.5, timeout=0.4, retries=2)
    one.code_button.value = True
    changes = {"per_second": 10, "trouble": "closed", "trouble_from": 0.5, "trouble_for": 1.0,
               "when_closed": "refuse", "queue_size": 1, "slower": 10.0, "backoff": "exponential", "first_wait": 0.2,
               "retry_budget": 0.5, "budget_of": "answers", "hedge": 0.2, "when_cancelled": "finish",
               "deadline": 0.8, "rate_limit": 8, "burst": 1, "breaker": 2, "breaker_pause": 0.5}
    assert set(changes) == set(IN_TROUBLE)
    for name, value in changes.items():
        if name == "slower":
            one.controls["trouble"].value = "slow"
        before = one.listing.value
        one.controls[name].value = value
        assert getattr(one.settings, name) == value
        assert one.run == run(one.settings).recording
        assert one.code == source(one.settings) == listed(one), name
        assert one.listing.value != before, name


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
    assert off - set(IN_TROUBLE) == {"spread", "when_full", "limit", "retries", "errors"}
    assert set(IN_TROUBLE) - off == {"trouble", "per_second", "hedge", "deadline", "rate_limit"}
    one.controls["strategy"].value = LIMITED[0]
    one.controls["capacity"].value = 5
    one.controls["failure_rate"].value = 0.1
    one.controls["jitter"].value = "lognormal"
    assert {name for name, control in one.controls.items() if control.disabled} <= set(IN_TROUBLE)


def test_result_is_told_to_screen_readers(bench):
    one = bench(requests=10, jitter="none")
    assert TELLS in one.result._dom_classes         # `instrument.js` makes it a live region
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
    assert listed(one) == one.code and "readonly" in one.listing.value
    one.controls["retries"].value = 2
    one.controls["failure_rate"].value = 0.5
    assert listed(one) == one.code and f'rows="{one.code.count(chr(10)) + 1}"' in one.listing.value
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


def test_closed_lab_can_still_be_read(bench, outputs):
    one = bench(requests=10, jitter="none")
    one.close()
    one.close()
    assert one.run.elapsed == 0.3
    one._ipython_display_()
    assert outputs == [({"text/plain": f"{one}\n(closed)"}, None)]


def test_text_twin(bench, outputs):
    one = bench(requests=10, jitter="none")
    assert str(one) == (
        "lab: 10 requests, gather, latency 0.3 s\n10 prices in 0.3 s; 33.3 per second; peak 10 in flight; 0 failed")
    one._ipython_display_()
    (widgets, _), (data, metadata) = outputs
    assert set(widgets) == {VIEW}
    assert data["text/plain"] == str(one)
    assert metadata["image/png"]["alt"].startswith("The lab. Timeline: 11 tasks in 0.3 s")
    assert 'alt="The lab. Timeline: 11 tasks in 0.3 s' in data["text/html"]
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


# -- stored notebooks -------------------------------------------------------------------------------


def test_stored_notebook_keeps_picture_and_text_but_no_widget(bench, outputs):
    import nbformat

    from tools.refresh import normalise

    one = bench(requests=10)
    one._ipython_display_()
    assert STRIPPED in outputs[1][0]["text/html"]
    stored = [nbformat.v4.new_output("display_data", data, metadata=metadata or {}) for data, metadata in outputs]
    cell = nbformat.v4.new_code_cell("lab()", outputs=stored)
    (output,) = normalise(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    page = html.unescape(output.data["text/html"])
    assert str(one) in page and RUN_AGAIN in page and 'alt="The lab. Timeline: 11 tasks' in page
    assert STRIPPED not in page and "<script" not in page and "<style" not in page


def test_lab_that_is_shown_twice_has_two_views_and_answers_the_page(bench, outputs):
    one = bench(requests=10)
    one._ipython_display_()
    one._ipython_display_()
    assert [set(data) for data, _ in outputs[::2]] == [{VIEW}] * 2
    (ask,) = [part for part in one._root.children if "wyw-ask" in part._dom_classes]
    (answer,) = [part for part in one._root.children if "wyw-answer" in part._dom_classes]
    ask.click()
    assert answer.value == "1"


# -- when an error ends the run ---------------------------------------------------------------------


@pytest.mark.parametrize(("strategy", "fates"), [
    ("one by one", "5 answered in vain, 1 raised, 24 not begun"),
    ("gather", "4 answered in vain, 1 raised, 25 went on"),
    ("task group", "4 answered in vain, 1 raised, 25 cancelled"),
    ("as completed", "4 answered in vain, 1 raised, 25 went on"),
    ("semaphore", "3 answered in vain, 1 raised, 26 cancelled"),
    ("workers", "3 answered in vain, 1 raised, 4 cancelled, 22 not begun"),
])
def test_what_became_of_each_request(bench, strategy, fates):
    one = bench(requests=30, failure_rate=0.1, errors="raised", strategy=strategy)
    assert one.outcome.fates_in_words == fates
    assert "1 of 30" in one.result.value and f"Of 30 requests: {fates}." in one.result.value
    assert "1 failed;" in str(one) and f"of the requests {fates}; ended with " in str(one)


def test_workers_are_no_hedges(bench):
    one = bench(requests=30, failure_rate=0.1, errors="raised", strategy="workers", deadline=0.4, hedge=0.1)
    assert one.outcome.fates["cancelled"] <= 4


def test_worker_without_a_request_is_not_counted(bench):
    one = bench(requests=1, latency=0, jitter="none", failure_rate=1.0, errors="raised", strategy="workers", limit=5)
    assert one.outcome.fates_in_words == "1 raised"


def test_nothing_is_said_of_fates_without_an_error(bench):
    one = bench(requests=30, failure_rate=0.1)
    assert one.outcome.fates == {} and "in vain" not in one.result.value + str(one)


# -- the program of the lab in a cell ---------------------------------------------------------------


def test_pasted_program_leaves_the_names_of_other_cells_alone(bench):
    one = bench(requests=5, timeout=0.5, retries=2, breaker=3, rate_limit=20, hedge=0.2, retry_budget=0.5,
                backoff="full jitter")
    names = {}
    exec(one.code, names)
    modules = {"asyncio", "contextlib", "random", "time", "Shop", "simulate", "__builtins__"}
    assert set(names) - modules == {"lab_program", "lab_run", "lab_shop", "lab_spared"}
    assert str(names["lab_run"]) == str(one.run)
