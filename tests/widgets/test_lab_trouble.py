"""The lab when the shop is in trouble: what protects a request does what it says, in every combination."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from helpers import lab
from helpers.simulated_io import JITTERS
from helpers.widgets.lab_controls import values_of
from helpers.widgets.lab_outcome import percent, run
from helpers.widgets.lab_program import source
from helpers.widgets.lab_settings import BACKOFFS, NAMES, STRATEGIES, TROUBLES, Settings

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
    trouble=st.sampled_from(TROUBLES),
    trouble_from=st.sampled_from([0, 0.2, 1.5]),
    trouble_for=st.sampled_from([0.1, 1.0, 3]),
    slower=st.sampled_from([0.5, 5.0]),
    when_closed=st.sampled_from(["queue", "refuse"]),
    queue_size=st.sampled_from([None, 0, 3]),
    when_cancelled=st.sampled_from(["drop", "finish"]),
    per_second=st.sampled_from([None, 2.5, 10]),
    backoff=st.sampled_from(BACKOFFS),
    first_wait=st.sampled_from([0.1, 2.0]),
    retry_budget=st.sampled_from([None, 0, 0.1, 0.5]),
    budget_of=st.sampled_from(["requests", "answers"]),
    deadline=st.sampled_from([None, 0.4, 2]),
    hedge=st.sampled_from([None, 0.05, 0.3]),
    breaker=st.sampled_from([None, 1, 3]),
    breaker_pause=st.sampled_from([0.2, 2.0]),
    rate_limit=st.sampled_from([None, 5, 50.0]),
    burst=st.sampled_from([1, 5]),
    spread=st.sampled_from([0.5, 1.2]),
)
ERRORS = ("ShopError", "ShopBusy", "ConnectionError", "TimeoutError", "ExceptionGroup")


@pytest.mark.slow
@given(ALL)
@hypothesis_settings(max_examples=150, deadline=None)
def test_counts_add_up(s):
    names = {"__name__": "__main__"}
    counts = names["counts"] = {}       # what the program counts stays inside of its function: it is handed out here
    text = source(s).replace("    return simulate(main()), shop",
                             "    run = simulate(main())\n    counts.update(locals())\n    return run, shop")
    exec(compile(text, "cell", "exec"), names)
    outcome, shop, recording = run(s), names["lab_shop"], names["lab_run"]
    assert str(recording) == str(outcome.recording) or recording.error.startswith("ExceptionGroup")
    assert max(map(len, source(s).splitlines())) <= 90
    # every request to the shop is accounted for, and each one of the program's is answered or failed
    assert shop.requests == shop.served + shop.refused + shop.dropped + shop.in_flight + shop.queued
    assert 0 <= outcome.prices <= s.requests
    assert shop.requests <= s.requests * (s.retries + 1) * (1 if s.hedge is None else 2)
    if s.budgeted:
        assert counts["retries"] <= s.retry_budget * counts[s.budget_of]
        assert s.budget_of == "requests" or counts["answers"] >= outcome.prices
        if s.hedge is None:
            assert shop.requests <= s.requests + counts["retries"]
    assert bool(outcome.fates) == bool(recording.error)
    if recording.error:
        assert sum(outcome.fates.values()) == s.requests and min(outcome.fates.values()) >= 0
        assert outcome.failed >= 1
        assert s.errors == "raised" and s.can_fail and recording.error.startswith(ERRORS)
        return
    assert outcome.prices == s.requests - list(recording.result).count(None)
    assert s.can_fail or outcome.failed == 0
    if s.deadline is None:      # else one may have waited for a token all the time
        assert shop.requests + outcome.spared >= s.requests
    # nothing is left running, but what a shop works off that finishes what was given up
    assert not [task for task in recording.tasks if task.outcome == "pending"]
    assert s.when_cancelled == "finish" or shop.in_flight == shop.queued == 0
    if s.deadline is not None and s.strategy in ("gather", "task group", "as completed"):
        assert outcome.within <= s.deadline + 1e-6


@pytest.mark.slow
@given(ALL, st.sampled_from(NAMES), ALL)
@hypothesis_settings(max_examples=300, deadline=None)
def test_setting_without_effect_changes_nothing(s, name, other):
    changed = dataclasses.replace(s, **{name: getattr(other, name)})
    if name not in s.effective and name not in changed.effective:
        assert source(changed) == source(s)
    if s != changed and name in s.effective & changed.effective:
        assert source(changed) != source(s)


# -- each of them -----------------------------------------------------------------------------------


def made(**changes) -> Settings:
    return Settings(**{"requests": 10, "jitter": "none", **changes})


def sleeps(recording):
    return [round(span.end - span.start, 6) for task in recording.tasks[1:] for span in task.spans
            if span.wait == "sleep"]


def test_exponential_wait_doubles_up_to_five_seconds():
    outcome = run(made(requests=1, failure_rate=1.0, retries=7, backoff="exponential"))
    assert sleeps(outcome.recording) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5]
    assert outcome.sent == 8


def test_full_jitter_is_a_part_of_it_and_the_same_in_every_run():
    settings = made(failure_rate=1.0, retries=3, backoff="full jitter")
    waits = sleeps(run(settings).recording)
    assert waits == sleeps(run(settings).recording)
    assert len(set(waits)) == 30 and max(waits) <= 0.4
    exponential = run(dataclasses.replace(settings, backoff="exponential"))
    assert sleeps(exponential.recording) == [0.1, 0.2, 0.4] * 10


@pytest.mark.parametrize(("budget_of", "sent"), [("requests", 550), ("answers", 500)])
def test_budget_in_an_outage(budget_of, sent):
    every = made(requests=500, failure_rate=1.0, retries=2, per_second=100, retry_budget=0.1, budget_of=budget_of)
    assert run(dataclasses.replace(every, retry_budget=None)).sent == 1500
    assert run(every).sent == sent


def test_deadline_ends_all_attempts_together():
    outcome = run(made(latency=0.3, failure_rate=1.0, retries=9, deadline=0.7))
    assert outcome.recording.elapsed == 0.7
    assert (outcome.failed, outcome.sent, outcome.dropped) == (10, 30, 10)


def test_hedge_cuts_the_tail_for_a_few_requests_more():
    plain = run(made(requests=500, jitter="lognormal", spread=1.2, per_second=50))
    hedged = run(dataclasses.replace(plain.settings, hedge=1.0))
    assert (plain.failed, hedged.failed) == (0, 0)
    assert hedged.within < 0.75 * plain.within
    assert 500 < hedged.sent < 530
    assert hedged.dropped == hedged.sent - 500                  # for each one more, one was cancelled


def test_hedge_that_is_refused_does_not_beat_the_first():
    """A full shop refuses the second request at once; the first one is answered all the same."""
    outcome = run(made(requests=3, capacity=3, when_full="refuse", hedge=0.1))
    assert (outcome.failed, outcome.sent, outcome.refused) == (0, 6, 3)


def test_hedge_fails_if_both_do():
    outcome = run(made(failure_rate=1.0, hedge=0.1))
    assert (outcome.failed, outcome.sent, outcome.recording.elapsed) == (10, 20, 0.4)


def test_breaker_spares_calls_and_closes_after_its_pause():
    outage = made(requests=100, per_second=10, latency=0.1, trouble="closed", trouble_from=2, trouble_for=4,
                  timeout=0.5, strategy="task group")
    plain, guarded = run(outage), run(dataclasses.replace(outage, breaker=3, breaker_pause=1.0))
    assert (plain.sent, plain.spared) == (100, 0)
    assert guarded.sent + guarded.spared == 100
    assert guarded.spared > 20
    assert guarded.tenths == (1, 1, 0, 0, 0, 0, *guarded.tenths[6:])
    assert guarded.tenths[-2:] == (1, 1) and guarded.failed >= plain.failed     # its price


def test_breaker_lets_one_call_through_after_its_pause():
    outcome = run(made(requests=50, per_second=10, latency=0.1, failure_rate=1.0, breaker=2, breaker_pause=1.0))
    starts = sorted(round(span.start, 6) for task in outcome.recording.tasks for span in task.spans
                    if span.wait == "request")
    assert starts[:2] == [0, 0.1]
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(starts[1:]))
    assert outcome.sent == len(starts) < 10


@pytest.mark.parametrize("extra", [{}, {"failure_rate": 0.4, "retries": 2}, {"hedge": 0.2}])
def test_rate_limit_holds_for_all_calls(extra):
    outcome = run(made(requests=40, rate_limit=10, burst=5, **extra))
    starts = sorted(span.start for task in outcome.recording.tasks for span in task.spans if span.wait == "request")
    assert len(starts) == outcome.sent
    for first, begin in enumerate(starts):
        for number, end in enumerate(starts[first:], 1):
            assert number <= 5 + 10 * (end - begin) + 1e-6
    assert starts[:5] == [0] * 5 and starts[5] > 0


def test_timeout_does_not_count_the_wait_for_a_token():
    assert run(made(requests=20, rate_limit=2, burst=1, timeout=0.5)).failed == 0
    assert run(made(requests=20, rate_limit=2, burst=1, deadline=0.5)).failed == 19


def test_requests_arrive_one_after_the_other():
    for strategy in STRATEGIES[1:]:
        outcome = run(made(requests=10, per_second=10, strategy=strategy, limit=10))
        starts = sorted(round(span.start, 6) for task in outcome.recording.tasks for span in task.spans
                        if span.wait == "request")
        assert starts == [round(0.1 * number, 6) for number in range(10)], strategy


METASTABLE = {"requests": 1000, "per_second": 24, "latency": 0.1, "jitter": "none", "capacity": 3,
              "when_cancelled": "finish", "timeout": 1.0, "retries": 1, "trouble": "closed", "trouble_from": 5,
              "trouble_for": 5}


@pytest.mark.parametrize(("changes", "recovers"), [
    ({"retries": 0}, True), ({}, False), ({"retries": 3, "backoff": "exponential"}, False), ({"queue_size": 20}, True),
    ({"retry_budget": 0.1, "budget_of": "answers"}, True), ({"breaker": 5}, True), ({"per_second": 12}, True),
])
def test_metastable_failure_and_what_ends_it(changes, recovers):
    """As in section 2 of Bronson and others, Metastable Failures in Distributed Systems, HotOS 2021, in small: the shop
    bears 30 requests in a second, 24 arrive, and each is repeated once."""
    outcome = run(Settings(**METASTABLE | changes))
    assert outcome.tenths[0] > 0.5 and outcome.tenths[1] < 0.7
    assert outcome.tenths[-1] == (1 if recovers else 0)


# -- in words ---------------------------------------------------------------------------------------


def test_setting_in_words():
    assert str(Settings(**METASTABLE | {"queue_size": 20, "breaker": 5, "deadline": 3, "rate_limit": 28})) == (
        "1,000 requests (24 per second), gather, latency 0.1 s, the shop serves 3 at once, closed from 5 to 10 s, "
        "at most 20 in its queue, it finishes what is cancelled, timeout 1 s, 1 retry, deadline 3 s, "
        "breaker opens after 5 failures for 2 s, at most 28 per second (burst 5)")
    assert str(made(trouble="slow", hedge=0.5, failure_rate=0.1, retries=2, backoff="full jitter", retry_budget=0.1)) \
        == ("10 requests, gather, latency 0.3 s, 0.1 of them fail, 5 times as slow from 2 to 4 s, 2 retries, "
            "exponential with full jitter from 0.1 s, retry budget 0.1 of the requests, hedged after 0.5 s")


def test_outcome_in_words():
    outcome = run(Settings(**METASTABLE | {"queue_size": 20}))
    assert str(outcome) == (
        "880 prices in 41.7 s; 21.1 per second; peak 20 in flight; 120 failed; 1,120 attempts; 220 refused; 20 wasted; "
        "99 % ended within 1 s; answered, of each tenth: 100 20 60 100 100 100 100 100 100 100 %")


def test_none_and_all_only_are_0_and_100_per_cent():
    assert [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0", "1", "50", "99", "100"]


def test_program_has_only_what_is_switched_on():
    plain = source(made())
    full = source(made(failure_rate=0.2, retries=2, backoff="full jitter", retry_budget=0.1, deadline=2, hedge=0.5,
                       breaker=5, rate_limit=10, per_second=5, trouble="closed"))
    for word in ("import random", "import time", "contextlib", "requests = retries", "timeout(2)", "hedged", "guarded",
                 "take_token", "arriving", "closed"):
        assert word not in plain
        assert word in full


@pytest.mark.parametrize(("changes", "message"), [
    ({"trouble": "shut"}, 'trouble is one of "none", "slow" or "closed"; got \'shut\' (str): write for example '
                          'trouble="closed", trouble_from=2, trouble_for=1'),
    ({"trouble_for": 0}, "trouble_for is from 0.001 to 3,600; got 0: write for example trouble_for=2"),
    ({"queue_size": -1}, "queue_size is 0 or more; got -1: write for example queue_size=20"),
    ({"per_second": 0}, "per_second is from 0.001 to 10,000; got 0: write for example per_second=20"),
    ({"backoff": "jitter"}, 'backoff is one of "none", "exponential" or "full jitter"; got \'jitter\' (str)'),
    ({"retry_budget": 10}, "retry_budget is a probability between 0 and 1: for 10 % write retry_budget=0.1; got 10"),
    ({"budget_of": "retries"}, 'budget_of is "requests" or "answers"; got \'retries\' (str)'),
    ({"deadline": 0}, "deadline is 0.001 or more; got 0: write for example deadline=2"),
    ({"hedge": float("inf")}, "hedge is 0.001 or more; got inf: write for example hedge=0.5"),
    ({"breaker": 0}, "breaker is 1 or more; got 0: write for example breaker=5"),
    ({"burst": 0}, "burst is 1 or more; got 0: write for example burst=5"),
])
def test_wrong_settings_are_explained(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lab(**changes)


@pytest.mark.parametrize(("changes", "message"), [
    ({"trouble_from": "2"}, "trouble_from is seconds; got '2' (str): write for example trouble_from=2"),
    ({"deadline": True}, "deadline is seconds; got True (bool): write for example deadline=2"),
    ({"rate_limit": "fast"}, "rate_limit is a number of requests in a second; got 'fast' (str): write for example "
                             "rate_limit=10"),
    ({"breaker": 2.5}, "breaker is how many attempts fail before it opens; got 2.5 (float): write for example "
                       "breaker=5"),
])
def test_settings_of_the_wrong_kind_are_explained(changes, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        lab(**changes)


@pytest.mark.parametrize("word", ["closed", "slow"])
def test_what_a_shop_calls_otherwise_is_explained(word):
    advice = rf"no setting '{word}'; .*: write for example lab\(trouble=\"{word}\", trouble_from"
    with pytest.raises(TypeError, match=advice):
        lab(**{word: (2, 4)})


# -- the page ---------------------------------------------------------------------------------------


def is_shown(control) -> bool:
    return control.layout.display != "none"


def test_group_is_folded_until_it_is_asked_for(bench):
    one = bench()
    assert not is_shown(one.trouble) and one.trouble_button.description == "▸ When the shop is in trouble"
    one.trouble_button.value = True
    assert is_shown(one.trouble) and one.trouble_button.description == "▾ When the shop is in trouble"
    one.trouble_button.value = False
    assert not is_shown(one.trouble)


def test_group_is_open_if_one_of_its_settings_is_given(bench):
    assert is_shown(bench(trouble="closed").trouble)
    assert is_shown(bench(hedge=0.5).trouble)
    assert not is_shown(bench(retries=2).trouble)


def test_controls_show_the_settings(bench):
    """Whatever is given, the controls have it: those that are off, too, and a budget of nothing is not none."""
    for settings in (Settings(), Settings(**METASTABLE), Settings(queue_size=0, capacity=2, retry_budget=0, hedge=0.7,
                                                                  rate_limit=7.5, breaker=7, per_second=33)):
        one = bench(**dataclasses.asdict(settings))
        assert Settings(**values_of(one.controls)) == settings
        one.controls["errors"].value = "raised"
        assert one.settings == dataclasses.replace(settings, errors="raised")


def test_what_belongs_to_a_control_that_is_off_is_hidden(bench):
    one = bench(failure_rate=0.2, retries=2)
    belong = {"spread": ("jitter", "lognormal"), "trouble_from": ("trouble", "slow"), "slower": ("trouble", "slow"),
              "when_closed": ("trouble", "closed"),
              "first_wait": ("backoff", "exponential"), "budget_of": ("retry_budget", 0.1), "burst": ("rate_limit", 10),
              "breaker_pause": ("breaker", 5)}
    for name, (switch, value) in belong.items():
        assert not is_shown(one.controls[name])
        before = one.controls[switch].value
        one.controls[switch].value = value
        assert is_shown(one.controls[name]) and not one.controls[name].disabled
        one.controls[switch].value = before
        assert not is_shown(one.controls[name])


def test_control_that_is_disabled_says_why(bench):
    one = bench()
    assert one.controls["breaker"].disabled
    assert one.controls["breaker"].tooltip.endswith(
        "Has an effect if an attempt can fail: failures, a timeout, or a shop that refuses")
    one.controls["timeout"].value = 0.2
    assert not one.controls["breaker"].disabled
    assert "Has an effect" not in one.controls["breaker"].tooltip


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_numbers_tell_what_became_of_the_requests(bench):
    one = bench(**METASTABLE, queue_size=20)
    assert words_of(one.result.value).endswith(
        "refused wasted 99 % ended within now 220 20 1 s % answered, of those that arrived from "
        "0 s 4.17 s 8.33 s 12.5 s 16.7 s 20.8 s 25 s 29.2 s 33.3 s 37.5 s "
        "now 100 20 60 100 100 100 100 100 100 100")
    one.pin()
    one.controls["per_second"].value = 12
    assert "% answered, of each tenth of the requests 1 2 3 4 5 6 7 8 9 10 A 100 20" in words_of(one.result.value)
    assert ">now: arriving per s: 12<" in one.picture.value


def test_time_of_trouble_is_shaded_if_it_is_the_same_for_all(bench):
    words = "shaded: the shop is closed from 0.5 to 1.5 s"
    one = bench(requests=20, per_second=10, trouble="closed", trouble_from=0.5, trouble_for=1.0)
    assert "The shop is closed from 0.5 to 1.5 s." in re.search('aria-label="([^"]*)"', one.picture.value)[1]
    assert words in one.picture.value and "stroke-dasharray=" in one.picture.value
    one.pin()
    one.controls["retries"].value = 1
    assert words in one.picture.value
    one.controls["trouble"].value = "none"
    assert words not in one.picture.value
    assert "shaded" not in bench(requests=2, trouble="slow", trouble_from=9.0).picture.value     # the run is over then


def test_calls_that_the_breaker_spared_are_told(bench):
    one = bench(requests=20, failure_rate=1.0, breaker=3, per_second=10)
    assert "not sent" in words_of(one.result.value)
    assert f"{one.outcome.spared} not sent" in str(one)
    assert one.outcome.spared + one.outcome.sent == 20


def test_lists_and_fields_for_trouble_too(bench):
    one = bench(sliders=False, trouble="closed")
    assert not [c for c in one.controls.values() if "Slider" in type(c).__name__]
    one.controls["trouble_from"].value = 0.0
    one.controls["hedge"].value = 0.5
    assert one.settings == Settings(trouble="closed", trouble_from=0.0, hedge=0.5)
