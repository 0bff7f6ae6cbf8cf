"""The way of a newcomer through JupyterLab: what the page says to do, done, with mouse and keyboard.

The numbers in the docstrings are those of a list of what a newcomer stumbled over: B blocked them, C confused them.
Where there is no Chromium these tests are skipped.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator

from tests.course import learner
from tests.course.learner import DARK, NORMAL, ZOOMED, Learner
from tools import ROOT, index, lab_browser, workbook

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.chromium() is None, reason="no Chromium on this machine"),
]

SIZES = pytest.mark.parametrize("size", [NORMAL, ZOOMED], ids=["100", "200"])
AGAIN = r"run (this|the|its) cell"
GONE = r"Error displaying widget|model not found|Loading widget"


@pytest.fixture(scope="module")
def course(jupyterlab, chrome, tmp_path_factory):
    """Opens notebooks of a workbook, just made, in a JupyterLab that scrolls as it does out of the box."""
    root = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(ROOT / workbook.COURSE, root / workbook.COURSE)
    assert workbook.main([], root) == 0
    address = jupyterlab.serve(root / workbook.WORKBOOK)
    with contextlib.ExitStack() as opened:
        def open_lesson(name: str) -> Learner:
            with jupyterlab.windowing("contentVisibility"):
                return opened.enter_context(learner.learner_at(chrome, address(name)))
        yield open_lesson


@pytest.fixture(scope="module")
def write(jupyterlab, tmp_path_factory):
    """Writes a notebook of these cells, and gives its address."""
    def write(name: str, cells: dict[str, str], **options: bool) -> str:
        folder = tmp_path_factory.mktemp(name)
        nbformat.write(learner.notebook(cells, **options), folder / f"{name}.ipynb")
        return jupyterlab.serve(folder)(f"{name}.ipynb")
    return write


# -- the index --------------------------------------------------------------------------------------

MESSAGES = {
    "RuntimeWarning: coroutine 'get_price' was never awaited": "await",
    "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)": "task",
    "unsupported operand type(s) for +: 'coroutine' and 'coroutine'": "await",
    "KeyboardInterrupt: stopped": "stop",
    "NotSimulated: subprocesses live in real time and cannot be simulated": "record",
    "Endless: still running after 500,000 steps on the loop, at 250000 s of virtual time: is there a loop that never "
    "ends? If it would end later, simulate(..., limit=...) allows more.": "end",
    "ModuleNotFoundError: No module named 'helpers'": "environment|kernel|make lab",
    "NameError: name 'exercises' is not defined": "cell",
    "Error displaying widget: model not found": "Run the cell again",
}


@pytest.fixture(scope="module")
def index_page(course):
    me = course(index.FILE)
    with_code = me.page.locator(".jp-Notebook .jp-CodeCell")
    for number in range(with_code.count()):
        with_code.nth(number).locator(".jp-InputPrompt").click()
        me.keyboard.press("Shift+Enter")
        me.page.wait_for_timeout(500)
        me.done()
    return me


def boxes(me: Learner) -> Locator:
    return me.page.get_by_role("searchbox").or_(me.page.get_by_role("textbox"))


def search_box(me: Learner) -> Locator:
    found = shown_by(me).locator(boxes(me))
    assert found.count() > 0, "the index has no box to search in"
    return found.first


def shown_by(me: Learner) -> Locator:
    """The output that has a box to search in, and what is found."""
    return me.page.locator(".jp-OutputArea-output").filter(has=boxes(me))


@pytest.mark.parametrize(("size", "theme"), [(NORMAL, learner.LIGHT), (ZOOMED, DARK)], ids=["100-light", "200-dark"])
def test_a_pasted_message_is_explained_at_once_beside_a_link(index_page, size, theme):
    """B1, C18: names and numbers in it found nothing, and the search of JupyterLab made the tables source."""
    index_page.size(size)
    index_page.theme(theme)
    box = search_box(index_page)
    failed = {}
    for message, meant in MESSAGES.items():
        box.fill("")
        box.evaluate("node => node.scrollIntoView({block: 'start'})")
        box.fill(message)
        index_page.page.wait_for_timeout(400)
        link = shown_by(index_page).locator("a:visible").first
        if link.count() == 0:
            failed[message] = "nothing is found"
        elif index_page.in_view(link) != "all":
            failed[message] = "its link is out of view"
        elif not re.search(meant, shown_by(index_page).inner_text()):
            failed[message] = "the explanation is another one"
    index_page.theme(learner.LIGHT)
    index_page.size(NORMAL)
    assert failed == {}
    assert index_page.page.locator(".jp-MarkdownCell:not(:has(.jp-RenderedMarkdown:visible))").count() == 0


def test_the_link_of_what_is_found_lands_on_its_cell(index_page):
    """B1"""
    search_box(index_page).fill("coroutine 'get_price' was never awaited")
    link = shown_by(index_page).locator("a:visible").first
    link.wait_for()
    file, _, cell = link.get_attribute("href").rpartition("/")[2].partition("#cell-id=")
    link.click()
    index_page.page.wait_for_function("""([file, cell]) => {
      const widget = window.jupyterapp.shell.currentWidget;
      if (!widget?.context?.path.endsWith(file)) return false;
      const found = widget.content.widgets.find(w => w.model.id === cell)?.node.getBoundingClientRect();
      const view = widget.content.node.getBoundingClientRect();
      return found && found.top >= view.top - 5 && found.top < view.bottom;
    }""", arg=[re.sub(r"\?.*", "", file), cell], timeout=30_000)


# -- a lesson ---------------------------------------------------------------------------------------


@dataclass
class Lesson:
    """A lesson that was opened: who has it open, its file, and what that was before."""

    me: Learner
    file: Path
    before: bytes

    def instrument(self, size: tuple[int, int, int], *cells: str) -> None:
        """Run cells, the last of which shows an instrument, at this size."""
        self.me.size(size)
        self.me.run(*cells)
        self.me.page.wait_for_timeout(1_500)            # what it scrolls, and what is drawn when it comes into view


def lesson(course, jupyterlab, name: str) -> Lesson:
    me = course(name)
    file = jupyterlab.file(me.address)
    return Lesson(me, file, file.read_bytes())


@pytest.fixture(scope="module")
def start(course, jupyterlab):
    return lesson(course, jupyterlab, "00_start_here.ipynb")


@pytest.fixture(scope="module")
def gather(course, jupyterlab):
    return lesson(course, jupyterlab, "04_gather.ipynb")


@pytest.mark.parametrize("name", ["start", "gather"])
def test_a_lesson_that_is_only_opened_is_as_it_was(name, request):
    """C1, C13: each was changed as soon as it was open, and closing it asked; answers stood under the questions."""
    lesson = request.getfixturevalue(name)
    me = lesson.me
    me.page.wait_for_timeout(1_500)                     # the kernel has said which Python it is
    assert me.page.locator(".jp-OutputArea-output:visible").count() == 0, "an answer is in sight"
    assert not me.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.dirty"), "it is changed"
    assert lesson.file.read_bytes() == lesson.before


@SIZES
def test_after_shift_enter_a_replay_is_in_view_and_the_answer_is_not(start, size):
    """C2: the answer was in the middle of the page, and the controls above it."""
    start.instrument(size, "setup", "shops", "my-watch", "replay")
    slider = start.me.output("replay").get_by_role("slider").first
    assert start.me.in_view(slider) == "all", "the slider is out of view"
    answer = start.me.cell("replay-explained").locator(".jp-RenderedMarkdown p").first
    assert start.me.in_view(answer) == "none", f"the answer is in view: {answer.inner_text()[:80]}"


@SIZES
def test_after_shift_enter_the_lab_is_in_view(gather, size):
    """C2: it was above the view as a whole."""
    gather.instrument(size, "setup", "lab")
    assert gather.me.in_view(gather.me.output("lab").get_by_role("slider").first) == "all"


def test_all_lessons_are_listed_where_the_link_leads(start):
    """C15: it ended at the top of another page."""
    start.me.size(NORMAL)
    start.me.page.locator('.jp-RenderedMarkdown a:text-is("All lessons")').first.click()
    start.me.page.wait_for_function("""() => {
      const panel = window.jupyterapp.shell.currentWidget;
      if (!panel?.context?.path.endsWith('index.ipynb')) return false;
      const heading = [...panel.node.querySelectorAll('h2')].find(h => /lessons/i.test(h.innerText));
      const view = panel.content.node.getBoundingClientRect(), top = heading?.getBoundingClientRect().top;
      return top >= view.top - 5 && top < view.top + view.height / 2;
    }""", timeout=30_000)


# -- when the kernel is gone ------------------------------------------------------------------------

INSTRUMENTS = {
    "title": "# Instruments",
    "setup": "%load_ext helpers\nimport asyncio\nfrom helpers import *\nnorth = Shop('north', latency=0.3)",
    "program": """async def main():
    await asyncio.gather(north.price("tea"), asyncio.sleep(1))

run = simulate(main())""",
    "replay": "run.replay()",
    "lab": "lab()",
    "heartbeat": "pulse = heartbeat()\npulse",
    "question": "from helpers.exercises import lesson_00 as exercises\nexercises.predict_together",
    "timeline": "run",
    "end": "## The end",
}
MOVING = ("replay", "lab", "heartbeat")


def false_words(me: Learner, id: str) -> str:
    """What is said below a cell that is not true once the kernel is gone; empty if nothing is."""
    found = re.search(GONE + r"|NO BEAT|: beating", me.text(id))
    return found[0] if found else ""


# The words and pictures of an instrument, without numbers: a slider shows its own by itself.
LOOK = f"""node => {{ {learner.COMMON}
  return [({learner.TEXT})(node).replace(/[0-9.,]+/g, ''),
          ...parts(node).filter(n => n.matches('svg, img')).map(n => n.innerHTML + n.src)].join('|');
}}"""


def is_alive(me: Learner, id: str) -> bool:
    """Whether the slider of an instrument moves, and what is shown beside it follows."""
    moved = me.output(id).get_by_role("slider").first
    if moved.count() == 0 or not moved.is_visible():
        return False
    moved.focus()
    me.keyboard.press("Home")
    me.page.wait_for_timeout(600)
    before = me.output(id).evaluate(LOOK)
    me.keyboard.press("ArrowRight")
    me.page.wait_for_timeout(800)
    return me.output(id).evaluate(LOOK) != before


@pytest.fixture(scope="module")
def restarted(write, chrome):
    """The instruments after a restart of the kernel; before it they were alive."""
    with learner.learner_at(chrome, write("restarted", INSTRUMENTS)) as me:
        me.run_all()
        assert me.shows("heartbeat", "beating") and is_alive(me, "replay") and is_alive(me, "lab")
        assert [id for id in MOVING if id != "replay" and re.search(AGAIN, me.text(id), re.IGNORECASE)] == []
        me.save()
        me.restart()
        me.page.wait_for_timeout(2_500)                 # a heartbeat would have missed its beats by now
        yield me


@pytest.fixture(scope="module")
def reopened(restarted, jupyterlab, chrome):
    """The same notebook, saved, opened anew with another kernel."""
    with learner.learner_at(chrome, restarted.address) as me:
        me.page.wait_for_timeout(3_000)
        yield me


@pytest.fixture(scope="module")
def untrusted(restarted, jupyterlab, chrome):
    """A copy of the saved notebook that JupyterLab does not trust."""
    copy = learner.distrust(jupyterlab.file(restarted.address))
    address = re.sub(r"/[^/]*\.ipynb", f"/{copy.name}", restarted.address)
    with learner.learner_at(chrome, address) as me:
        me.page.wait_for_timeout(3_000)
        yield me


@pytest.mark.parametrize("id", MOVING)
@pytest.mark.parametrize("when", ["restarted", "reopened", "untrusted"])
def test_without_its_kernel_an_instrument_says_what_to_do(when, id, request):
    """B3, C5: it said "model not found", or that the loop is blocked, or its buttons were dead."""
    me = request.getfixturevalue(when)
    assert me.shows(id, AGAIN) or is_alive(me, id), f"it says: {me.text(id)[:200]!r}"
    assert false_words(me, id) == ""
    assert len(me.text(id)) > 60 or any(me.alternatives(id)), "nothing is left of what it showed"


@pytest.mark.parametrize("id", MOVING)
@pytest.mark.parametrize("when", ["restarted", "reopened"])
def test_without_its_kernel_an_instrument_has_no_dead_controls(when, id, request):
    """C5: clicking did nothing, and said nothing."""
    me = request.getfixturevalue(when)
    if not is_alive(me, id):
        assert me.output(id).locator("button:visible:enabled, [role=slider]:visible").count() == 0
    assert me.output(id).locator(".jupyter-widgets-disconnected").evaluate_all(
        "nodes => nodes.filter(n => !['none', 'normal'].includes(getComputedStyle(n, '::before').content)).length") == 0


def test_the_text_twin_of_a_replay_is_in_a_notebook_that_is_not_trusted(untrusted):
    assert re.search(r"main (starts|goes on)", untrusted.text("replay"))


def test_what_needs_no_kernel_is_there_the_next_day(reopened, untrusted):
    for me in (reopened, untrusted):
        assert "Predict" in me.text("question") and me.output("timeline").locator("img").first.is_visible()


# -- errors -----------------------------------------------------------------------------------------

SYNTAX = {
    "colon": "async def f(x)\n    return x",
    "indent": "def f(x):\n    y = x\n      return y",
    "incomplete": "print(f(1, 2)",
    "word": "awiat f(1)",
}
FIRST_GUESSES = {       # a first guess, and what the error says to write
    "compare": ("compare(run, run)", r"compare\(\{"),
    "await-simulate": ("await simulate(main())", "without .?await|not awaited"),
    "record-alone": ("record(main())", r"await record\("),
    "simulate-function": ("simulate(main)", r"main\(\)"),
    "record-function": ("await record(main)", r"main\(\)"),
    "failed-result": ("simulate(fails()).result", r"ValueError: no tea"),
    "replay-nothing": ("run.replay(2)", r"replay\(\)"),
}
ERRORS = {
    "title": "# Errors",
    **{f"{name}-before": source for name, source in SYNTAX.items()},
    "setup": INSTRUMENTS["setup"],
    **{f"{name}-after": source for name, source in SYNTAX.items()},
    "program": INSTRUMENTS["program"] + "\n\nasync def fails():\n    raise ValueError('no tea')",
    **{name: source for name, (source, _) in FIRST_GUESSES.items()},
    "forever": "async def forever():\n    while True:\n        await asyncio.sleep(0.01)       # here it hangs",
    "stopped": "await record(forever())",
    "end": "## The end",
}


@pytest.fixture(scope="module")
def errors(write, chrome):
    with learner.learner_at(chrome, write("errors", ERRORS, may_fail=True)) as me:
        me.run_above("stopped")
        me.keyboard.press("Shift+Enter")
        me.page.wait_for_timeout(1_500)
        me.stop()
        me.done()
        yield me


@pytest.mark.parametrize("name", SYNTAX)
def test_a_syntax_error_looks_as_it_does_without_the_extension(errors, name):
    """C3: it got a traceback through IPython."""
    before, after = (re.sub(r"\[\d+\]", "[]", errors.text(f"{name}-{when}")) for when in ("before", "after"))
    assert "Error" in before
    assert after == before


@pytest.mark.parametrize("name", FIRST_GUESSES)
def test_a_first_guess_is_told_what_to_write_and_not_where_our_code_is(errors, name):
    """C10: messages that did not help, below lines of the helpers."""
    said = errors.text(name)
    assert re.search(FIRST_GUESSES[name][1], said), said
    assert not re.search(r"helpers[/\\]\w+|base_events", said), said
    assert len(said.splitlines()) <= 25


def test_the_stop_button_says_where_a_recorded_program_hung(errors):
    """C11: it showed `await record(...)` alone."""
    assert re.search(r"line 3\b.*\bforever|here it hangs", errors.text("stopped")), errors.text("stopped")


# -- the keyboard alone -----------------------------------------------------------------------------

WAY = {
    "title": "# With the keyboard",
    "setup": INSTRUMENTS["setup"] + "\nfrom helpers.exercises import lesson_00 as exercises",
    "question": "exercises.predict_together",
    "question-after": "* * *",
    "program": INSTRUMENTS["program"],
    "replay": "run.replay()",
    "replay-after": "* * *",
    "lab": "lab()",
    "lab-after": "* * *",
    "last": "print('the last', 'cell')",
    "end": "## The end",
}


def step(me: Learner) -> str:
    """Run the selected cell with Shift+Enter, and say which one comes next."""
    me.keyboard.press("Shift+Enter")
    me.done()
    assert me.focus() is not None, "Shift+Enter lost the focus"
    return me.active


@SIZES
def test_the_whole_way_with_the_keyboard_alone(write, chrome, size):
    """C14, and "it can all be done with the keyboard"."""
    with learner.learner_at(chrome, write("way", WAY), size) as me:
        while me.active != "question":
            step(me)
        step(me)
        back = "Shift+Tab" if "Shift+Tab" in me.text("question") else "Tab"
        me.tab_to(lambda focus: focus.cell == "question" and focus.output, back, 12)        # as the page says
        assert me.ring() == ""
        assert not re.search(r"Right\.|Not so\.", me.text("question"))
        me.keyboard.press("Space")
        assert me.shows("question", r"Right\.|Not so\.", 2)
        leave(me, "question")
        while me.active != "replay-after":
            step(me)
        me.tab_to(lambda focus: focus.cell == "replay" and focus.is_slider, "Shift+Tab")
        assert me.ring() == ""
        assert is_moved(me, "replay")
        buttons = 0
        focus = me.tab_to(lambda focus: focus.cell == "replay" and focus.tag == "button", "Shift+Tab")
        while focus.cell == "replay" and focus.tag == "button" and buttons < 8:
            assert me.ring() == "", focus
            buttons += 1
            me.keyboard.press("Shift+Tab")
            focus = me.focus()
            assert focus is not None
        assert buttons >= 3
        me.tab_to(lambda focus: focus.cell == "replay" and focus.output)
        leave(me, "replay")
        while me.active != "lab-after":
            step(me)
        rings = {}
        seen: set[str] = set()
        for _ in range(30):
            me.keyboard.press("Shift+Tab")
            focus = me.focus()
            assert focus is not None, f"the focus is lost after {seen}"
            if focus.cell != "lab":
                break
            if focus.output:
                seen.add("slider" if focus.is_slider else focus.tag)
                if wrong := me.ring():
                    rings[f"{focus.tag} {focus.role} {focus.text[:20]}"] = wrong
        assert {"slider", "select", "button"} <= seen
        assert rings == {}
        me.tab_to(lambda focus: focus.cell == "lab" and focus.is_slider)
        assert is_moved(me, "lab")
        leave(me, "lab")
        while me.active != "end":
            step(me)
        assert "the last cell" in me.text("last")


def is_moved(me: Learner, id: str) -> bool:
    """Whether the arrow keys move what has the focus, and leave the notebook alone."""
    value = f"""() => {{ {learner.COMMON} const node = focused();
      return node.getAttribute('aria-valuetext') || node.getAttribute('aria-valuenow') || node.value; }}"""
    before, notebook = me.page.evaluate(value), me.state()
    me.keyboard.press("ArrowRight")
    me.page.wait_for_timeout(400)
    between = me.page.evaluate(value)
    me.keyboard.press("ArrowLeft")
    me.page.wait_for_timeout(400)
    return between != before == me.page.evaluate(value) and me.state() == notebook


def leave(me: Learner, id: str) -> None:
    """Go on from what a cell shows to the next cell: with Escape and the arrow key, or by running the cell again."""
    here = list(WAY).index(id)
    for keys in (["Escape", "ArrowDown"], ["Shift+Enter"]):
        for key in keys:
            me.keyboard.press(key)
        me.done()
        if me.active == list(WAY)[here + 1]:
            assert me.focus() is not None
            return
    raise AssertionError(f"neither Escape with the arrow key nor Shift+Enter leads on from {id} to the next cell")
