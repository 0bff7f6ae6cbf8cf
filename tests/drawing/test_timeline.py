"""`draw` and `compare`: what Jupyter gets, several runs on one time axis, and mistakes."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from helpers.drawing.alternative_text import alternative_text, headline
from helpers.drawing.timeline import compare, draw, mimebundle
from helpers.recording import Recording, ThreadJob
from tests.drawing.samples import concurrent, everything, sequential, staircase, task, turn, wait, words


def test_the_bundle_has_picture_twin_and_alternative_text():
    run = concurrent()
    data, metadata = mimebundle(run)
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"], validate=True)))
    assert data["text/plain"] == str(run)
    about = metadata["image/png"]
    assert (about["width"], about["height"]) == image.size
    assert about["clock"] == "virtual"
    assert about["alt"] == (
        "Timeline: 4 tasks in 0.5 s of virtual time; 1.2 s of waiting for the network; at most 3 under way; "
        "longest turn 0 s. north, south and east are under way at the same time. "
        "Waiting is for tasks and the network."
    )
    assert image.info == {}, "nothing but the picture: no date, no version"


def test_words_about_a_real_run_do_not_depend_on_the_machine():
    quick, slow = concurrent("real"), concurrent("real", factor=1.7)
    assert alternative_text(quick) == alternative_text(slow)
    assert str(compare({"a": quick})) == str(compare({"a": slow}))
    told = [mimebundle(run)[1]["image/png"].pop("alt") for run in (quick, slow)]
    assert told[0] != told[1]                                     # the picture's title has durations, and is told
    assert [each.removeprefix(f"{headline(run)}. ") for each, run in zip(told, (quick, slow))] == [
        alternative_text(quick)] * 2
    alt = compare({"a": quick, "b": slow})._repr_mimebundle_()[1]["image/png"]["alt"]
    assert alt.startswith('Timelines on one time axis. "a" takes 0.5 s, "b" 0.85 s: 1.7 times as long. a: ')
    assert "report blocks the loop at line 13 in report." in alternative_text(everything("real")), "but not how long"


def test_compare_has_one_scale_and_says_who_is_faster():
    text = str(compare({"sequential": sequential(), "concurrent": concurrent()}))
    assert text.startswith("sequential: 1 task in 1.2 s of virtual time;")
    assert text.endswith('\n\n"concurrent" takes 0.5 s, "sequential" 1.2 s: 2.4 times as long')
    slow, quick = ([line for line in text.splitlines() if line.startswith("main ")][k] for k in (0, 1))
    assert slow.rindex("|") - slow.index("|") == 55
    assert quick.rindex("|") - quick.index("|") == round(55 * 0.5 / 1.2)


def test_compare_has_one_scale_with_a_thread_that_goes_on_after_the_run():
    late = Recording((task(0, "main", turn(0), wait(0, 0.2, "thread"), turn(0.2)),), 0.2,
                     threads=(ThreadJob("asyncio_0", 0.0, 1.0, 0),))
    first, second = [line for line in str(compare({"late": late, "other": concurrent()})).splitlines()
                     if line.startswith("main ")]
    assert (first.rindex("|") - first.index("|"), second.rindex("|") - second.index("|")) == (11, 28)


def test_compare_draws_all_runs_on_one_axis_with_their_ends():
    figure = compare({"sequential": sequential(), "concurrent": concurrent()}).figure()
    seen = words(figure)
    assert '"concurrent" takes 0.5 s, "sequential" 1.2 s: 2.4 times as long' in seen
    assert {"sequential", "concurrent", "1.2 s", "0.5 s", "north"} <= set(seen)
    assert len(figure.axes) == 2 and len({axes.get_xlim() for axes in figure.axes}) == 1
    assert len({(axes.bbox.x0, axes.bbox.x1) for axes in figure.axes}) == 1


def test_compare_orders_more_than_two_runs():
    runs = {"slow": staircase(30, 1), "quick": concurrent(), "same": concurrent()}
    assert compare(runs).verdict() == '"quick" takes 0.5 s; "same" 0.5 s: equally long; "slow" 30 s: 60 times as long'


def lasting(seconds, clock="real"):
    return Recording((task(0, "main", turn(0), wait(0, seconds), turn(seconds)),), seconds, clock)


@pytest.mark.parametrize(("longer", "words"), [
    (0.55, "nearly as long"), (0.501, "nearly as long"), (0.5, "equally long"), (0.6, "1.2 times as long"),
])
def test_a_small_difference_is_no_gain_and_no_loss(longer, words):
    """On a real clock, it may be the other way round in the next run."""
    shown = compare({"together": lasting(0.5), "one by one": lasting(longer)})
    assert shown._title().endswith(f": {words}")


def deadlocked():
    stuck = task(1, "a", turn(0), wait(0, 0, "lock"), outcome="pending", finished=None)
    main = task(0, "main", turn(0), wait(0, 0.1, "task", (1,)), outcome="pending", finished=None)
    return Recording((main, stuck), 0.1, error="Deadlock: nothing is left that could wake a task: every task waits")


def test_compare_names_what_ended_a_run_in_the_title_and_at_its_label():
    three = compare({"good": concurrent(), "better": sequential(), "stuck": deadlocked()})
    seen = words(three.figure())
    assert three._title() in " ".join(seen) and three._title().endswith('"stuck" ends after 0.1 s with Deadlock')
    assert "0.1 s, Deadlock" in seen
    many = compare({str(number): deadlocked() for number in range(5)})
    assert many._title().endswith("; 3 more end without a result")
    html = three._repr_mimebundle_()[0]["text/html"]
    assert html.count("<img") == 1 and "a: waits for a lock for ever" in html


def test_the_saved_svg_is_the_one_of_the_page_with_title_and_clock(tmp_path):
    path = deadlocked().save(tmp_path / "run.svg")
    root = ElementTree.fromstring(path.read_text())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "virtual time" in texts and any(text.startswith("Deadlock after 0.1 s: nothing is left") for text in texts)


def test_compare_of_runs_without_duration():
    nothing = Recording((task(0, "main", turn(0)),), 0.0)
    assert compare({"a": nothing, "b": concurrent()}).verdict() == '"a" takes 0 s, "b" 0.5 s'
    assert compare({"a": nothing}).verdict() == ""
    assert compare({"a": nothing, "b": nothing})._repr_mimebundle_()[0]["image/png"]


def test_compare_of_real_runs_has_no_durations_in_its_text():
    comparison = compare({"a": concurrent("real"), "b": sequential("real")})
    assert comparison.verdict() == "" and " s" not in str(comparison).replace(" starts", "")
    _, metadata = comparison._repr_mimebundle_()
    assert metadata["image/png"]["clock"] == "real"
    mixed = compare({"a": concurrent("real"), "b": sequential()})._repr_mimebundle_()[1]
    assert mixed["image/png"]["clock"] == "mixed"


def test_compare_of_named_and_of_many_lanes():
    figure = compare({"many": staircase(200, 5), "few": everything()}).figure()
    assert {"many", "few", "200 tasks, oldest on top", "report"} <= set(words(figure))


async def main():
    """Never run here."""


async def record(coro):
    """Stands for the recorder: same name."""


@pytest.mark.parametrize("function", [lambda x: draw(x), lambda x: compare({"a": x})], ids=["draw", "compare"])
def test_what_is_not_a_run(function):
    coro = main()
    with pytest.raises(TypeError, match=r"the coroutine object main\(\); .*run = simulate\(main\(\)\)"):
        function(coro)
    coro.close()
    coro = record(None)
    with pytest.raises(TypeError, match=r"record\(\) must be awaited: run = await record\(main\(\)\)"):
        function(coro)
    coro.close()
    with pytest.raises(TypeError, match=r"got None; make a run first"):
        function(None)
    with pytest.raises(TypeError, match=r"got the function main"):
        function(main)


def test_compare_says_what_to_write():
    example = r'compare\(\{"sequential": run_1, "concurrent": run_2\}\)'
    with pytest.raises(ValueError, match=f"empty dictionary.*{example}"):
        compare({})
    with pytest.raises(TypeError, match=f"an object of the type Recording; write {example}"):
        compare(concurrent())
    with pytest.raises(TypeError, match=f"the label of a run is a string, not 1; write {example}"):
        compare({1: concurrent()})


@pytest.mark.parametrize("width", [0, -1, 3.9, float("nan")])
def test_width_must_leave_room(width):
    with pytest.raises(ValueError, match="at least 4"):
        draw(concurrent(), width=width)


@pytest.mark.slow
def test_the_text_twin_needs_no_matplotlib_and_nothing_needs_pyplot():
    code = (
        "import sys\n"
        "from helpers.recording import Recording, Task\n"
        "from helpers.drawing.timeline import compare, alternative_text, draw\n"
        "run = Recording((Task(0, 'main', 'main', None, 0.0, 1.0, 'result', '', ()),), 1.0)\n"
        "str(compare({'a': run, 'b': run})), alternative_text(run)\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib was imported for words'\n"
        "draw(run)\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot was imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_labels_of_any_length_and_script_do_no_harm():
    compared = compare({"x" * 300: sequential(), "שלום": concurrent(), "x" * 301: concurrent()})
    first, second, third = (line.partition(": ")[0] for line in str(compared).split("\n\n")[:3])
    assert len(first) == len(third) == 40 and first != third and second == "\u2068שלום\u2069"
    assert 'takes' in compared.verdict() and len(compared.verdict()) < 300
