"""Step through a recorded run: `run.replay()`, last in a cell.

    run = simulate(main())
    run.replay()

Each step is one task's turn on the loop. The picture below is made once; what a step sends to the
browser is a few kilobytes of HTML, and the place of the cursor. Playing is done by the browser, so
nothing runs in the kernel between two steps: no task, no timer, no thread.

A replay holds widgets only while it is displayed. `close()` takes them away, and so does running its
cell again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from helpers.arguments import recorded_run
from helpers.drawing.alternative_text import alternative_text
from helpers.markup import tag
from helpers.recording import Recording
from helpers.wait_kinds import BLOCKED, RUN
from helpers.widgets.cleanup import close_all, close_with_cell, running_shell
from helpers.widgets.replay.listing import Listing
from helpers.widgets.replay.page import page, styles
from helpers.widgets.replay.sentences import tell
from helpers.widgets.replay.steps import Steps

if TYPE_CHECKING:
    import ipywidgets as w

    from helpers.widgets.replay.strip import Strip

INTERVAL = 1000         # milliseconds from step to step while playing
VIEW = "application/vnd.jupyter.widget-view+json"


class Replay:
    """What `run.replay()` returns: shows itself when it is last in a cell, and as text when printed.

    `step` is the number of the step that is shown, from 1 on; setting it goes there.
    """

    def __init__(self, run: Recording) -> None:
        recorded_run(run, Recording, "a replay needs a recorded run", "run.replay()",
                     advice="write run = simulate(main()), then run.replay()")
        self.run = run
        self._step = 1
        self._screen: _Screen | None = None

    def __str__(self) -> str:
        return tell(self.run)

    __repr__ = __str__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    @property
    def step(self) -> int:
        return self._screen.slider.value if self._screen else self._step

    @step.setter
    def step(self, number: int) -> None:
        last = _count(self.run)
        if not isinstance(number, int) or not 1 <= number <= last:
            raise ValueError(f"this replay has the steps 1 to {last:,}; got {number!r}")
        self._step = number
        if self._screen:
            self._screen.slider.value = number

    @property
    def widget(self) -> Any:
        """The widget itself, to put among others: `ipywidgets.VBox([run_1.replay().widget, ...])`."""
        if not _count(self.run):
            raise ValueError("this run has no steps to replay: no task had a turn on the loop")
        if self._screen is None:
            self._screen = _Screen(self.run, self._step)
            close_with_cell(self)
        return self._screen.box

    def close(self) -> None:
        """Take the widgets away, from the page and from the kernel. Displaying the replay again makes new ones."""
        if self._screen is not None:
            self._step = self._screen.slider.value
            self._screen.close()
            self._screen = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The widget, and the steps as sentences: what a stored notebook shows, and a screen reader reads."""
        bundle: dict[str, Any] = {"text/plain": str(self)}
        if _count(self.run) and hasattr(running_shell(), "kernel"):        # a terminal shows the text
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        return bundle


def _count(run: Recording) -> int:
    """The number of steps."""
    return sum(span.kind in (RUN, BLOCKED) for task in run.tasks for span in task.spans)


class _Screen:
    """The widgets of a replay."""

    def __init__(self, run: Recording, first: int) -> None:
        import ipywidgets as w  # late: it takes its time, as matplotlib does, and text needs none of both

        from helpers.widgets.replay.strip import make_strip

        self.steps, self.listing, self.strip = Steps(run), Listing(run), make_strip(run)
        self._make_buttons()
        self._make_slider(first, len(self.steps))
        self.page = w.HTML(layout={"width": "100%"})
        self.cursor = w.HTML()
        self.cursor.add_class("wyw-over")
        self.box = w.VBox(
            [w.HTML(str(styles()), layout={"display": "none"}), self._controls(), self.page, self._timeline(run)],
            layout={"width": "100%", "max_width": "980px"},
        )
        self.box.add_class("wyw-replay")
        self._show(first)
        self.slider.observe(self._moved, "value")
        self.play.observe(self._played, "value")
        self.play.observe(self._toggled, "playing")

    def _make_buttons(self) -> None:
        self.first = self._button("fast-backward", "First step")
        self.back = self._button("step-backward", "One step back")
        self.toggle = self._button("play", "Play the steps, one a second", "Play", "84px")
        self.forward = self._button("step-forward", "One step forward")
        self.last = self._button("fast-forward", "Last step")

    def _button(self, icon: str, tooltip: str, description: str = "", width: str = "40px") -> w.Button:
        import ipywidgets as w

        layout = {"width": width, "margin": "2px"}
        made = w.Button(icon=icon, description=description, tooltip=tooltip, layout=layout)
        made.on_click(self._clicked)
        return made

    def _make_slider(self, first: int, last: int) -> None:
        """The slider, and the player of the browser that moves it."""
        import ipywidgets as w

        self.play = w.Play(min=1, max=last, value=first, interval=INTERVAL, show_repeat=False,
                           layout={"display": "none"})
        self.slider = w.IntSlider(
            min=1, max=last, value=first, description="Step", continuous_update=True,
            tooltip="Arrow keys: a step back or forward. Home, End: the first, the last",
            layout={"flex": "1 1 auto", "width": "auto"}, style={"description_width": "40px"},
        )

    def _controls(self) -> w.HBox:
        """One row: buttons, slider, and how many steps there are."""
        import ipywidgets as w

        words = tag("span", f"of {len(self.steps):,}", Markup(" &nbsp; "), tag("small", "← → on the slider"),
                    class_="wyw-count")
        count = w.HTML(str(words), layout={"flex": "0 0 auto"})
        return w.HBox(
            [self.first, self.back, self.toggle, self.forward, self.last, self.play, self.slider, count],
            layout={"align_items": "center", "width": "100%"},
        )

    def _timeline(self, run: Recording) -> w.VBox:
        """The picture, which stays as it is, and the cursor over it."""
        import ipywidgets as w

        strip = self.strip
        picture = tag("img", src=f"data:image/png;base64,{strip.png}", width=strip.width, height=strip.height,
                      alt=alternative_text(run))
        timeline = w.VBox([w.HTML(str(picture), layout={"width": "100%"}), self.cursor], layout={"width": "100%"})
        timeline.add_class("wyw-time")
        return timeline

    def close(self) -> None:
        self.play.playing = False
        close_all(self.box)

    # -- what the learner does ------------------------------------------------------------------

    def _clicked(self, button: Any) -> None:
        if button is self.toggle:
            if not self.play.playing and self.slider.value == self.slider.max:
                self.slider.value = 1                       # from the end, play begins anew
            self.play.playing = not self.play.playing
            return
        self.play.playing = False
        here, last = self.slider.value, self.slider.max
        targets = {self.first: 1, self.back: here - 1, self.forward: here + 1, self.last: last}
        self.slider.value = min(max(targets[button], 1), last)

    def _moved(self, change: Any) -> None:
        self.play.value = change.new
        self._show(change.new)

    def _played(self, change: Any) -> None:
        self.slider.value = change.new

    def _toggled(self, change: Any) -> None:
        self.toggle.icon, self.toggle.description = ("pause", "Pause") if change.new else ("play", "Play")
        self.toggle.tooltip = "Stop playing" if change.new else "Play the steps, one a second"

    # -- what is seen ---------------------------------------------------------------------------

    def _show(self, number: int) -> None:
        step = self.steps[number - 1]
        self.page.value = str(page(step, self.listing))
        self.cursor.value = str(_cursor(self.strip, step.time, step.task))
        self.first.disabled = self.back.disabled = number == 1
        self.last.disabled = self.forward.disabled = number == self.slider.max


def _cursor(strip: Strip, time: float, task: int) -> Markup:
    """A line at the time, and a frame around the lane of the task: all in percent of the picture."""
    height = 100 / strip.height
    lane = max(strip.lane, 6)
    top = 2 + (task + 0.5) * strip.lane - lane / 2
    frame = (f"left:{100 * strip.left / strip.width:.2f}%;width:{100 * (strip.right - strip.left) / strip.width:.2f}%;"
             f"top:{top * height:.2f}%;height:{lane * height:.2f}%")
    line = f"left:{100 * strip.x(time) / strip.width:.3f}%;height:{(strip.height - 20) * height:.2f}%"
    return tag("div", class_="wyw-lane", style=frame) + tag("div", class_="wyw-cursor", style=line)
