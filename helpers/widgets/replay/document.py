"""A recorded run as one page of HTML, to open in any browser and to send: `run.page("run.html")`.

The picture grows as you like, and tells of each bar what it is; below it are the replay and the text twin. Everything
is in the one file.
"""

from __future__ import annotations

from markupsafe import Markup

from helpers.drawing.alternative_text import alternative_text, headline
from helpers.drawing.palette import css_variables
from helpers.drawing.svg import MOST, draw_svg
from helpers.markup import joined, script, style, tag
from helpers.recording import Recording
from helpers.widgets.replay.replay import Replay
from helpers.widgets.replay.strip import with_hints
from helpers.words import first_line

NO_SCRIPTS = ("The replay, as text, since this page may not run scripts here. In JupyterLab press Trust HTML, at the "
              "top; or open the file in a browser.")
WIDTH = 948             # pixels of the picture
LANES = 1_560           # pixels of height of its lanes, at most


def document(run: Recording) -> str:
    """The page as text."""
    lanes = min(MOST * (len(run.tasks) + len(run.workers)), LANES)
    picture = with_hints(draw_svg([("", run)], width=WIDTH, lanes=lanes, alt=alternative_text(run)), run)
    title = first_line(headline(run))
    replay = Replay(run)
    head = tag("head", Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
               tag("title", title), style("helpers.widgets.replay", "document.css", css_variables()))
    body = tag(
        "body",
        tag("h1", title), tag("p", run.summary()), _zoom(),
        tag("div", Markup(picture), id="picture", tabindex=0, role="group", aria_label="The picture"),
        joined([tag("h2", "Step by step"), replay.html(NO_SCRIPTS)]) if replay.steps else "",
        tag("h2", "As text"), tag("pre", str(run), tabindex=0),
        script("helpers.widgets.replay", "document.js"),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _zoom() -> Markup:
    """The buttons that make the picture larger and smaller."""
    buttons = [
        tag("button", sign, data_by=by, type="button", aria_label=words, title=words)
        for sign, by, words in (("-", 0.5, "Smaller"), ("+", 2, "Larger"), ("1:1", 0, "As wide as the page"))
    ]
    return tag("div", "Picture", *buttons, tag("output"), class_="wyw-zoom", role="group", aria_label="Size",
               style="display: none")
