"""A learner in front of JupyterLab: what they press, what they point at, and what they can see.

The page is used as a learner uses it: cells are run with Shift+Enter, the kernel is restarted with the button of the
toolbar. What the course shows is found by its role, its name and its words, also where it stands in a shadow root.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Locator, Page

from tools import lab_browser

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
NORMAL, ZOOMED = (1280, 800, 1), (640, 400, 2)      # 100 and 200 %: width, height, and how many dots each pixel has
WAIT = 20_000                                       # milliseconds after which what does not appear is given up
OURS = ".jp-OutputArea-output, .jp-RenderedMarkdown"            # where the course shows something

# Functions for the scripts below. `parts` are all elements of a tree, also those in open shadow roots.
COMMON = """
const parts = root => [...root.querySelectorAll('*')].flatMap(
  node => node.shadowRoot ? [node, ...parts(node.shadowRoot)] : [node]);
const above = node => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;
const focused = () => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
};
const shown = node => node.checkVisibility({opacityProperty: true, visibilityProperty: true})
  && node.getClientRects().length > 0;
const panel = () => window.jupyterapp.shell.currentWidget.content.node;
const ours = () => [...panel().querySelectorAll('.jp-OutputArea-output, .jp-RenderedMarkdown')];
const brief = node => node.outerHTML.replace(/\\s+/g, ' ').slice(0, 140);
"""

DEVICE = """([width, height]) => innerWidth === width && innerHeight === height"""

RUNNING = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(w => w.node.querySelector('.jp-InputPrompt')?.innerText.includes('*')).length"""

INDEX = "(id) => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(w => w.model.id === id)"

ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.id"

STATE = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const hidden = content.widgets.filter(w => w.node.classList.contains('jp-mod-collapsed') || w.isHidden).length;
  const folded = content.widgets.filter(w => w.headingCollapsed).length;
  return [content.activeCellIndex, content.widgets.length, hidden, folded];
}"""

FOCUS = f"""() => {{ {COMMON}
  const node = focused();
  if (!node || node === document.body) return null;
  const cell = node.closest('.jp-Cell') ?? node.getRootNode().host?.closest('.jp-Cell');
  const widgets = window.jupyterapp.shell.currentWidget.content.widgets;
  let area = node;
  while (area && !area.matches('.jp-OutputArea-output')) area = above(area);
  return {{cell: widgets.find(w => w.node === cell)?.model.id ?? '', output: area !== null,
           role: node.getAttribute('role') ?? '', tag: node.localName, type: node.getAttribute('type') ?? '',
           text: (node.innerText || node.getAttribute('title') || node.getAttribute('aria-label') || '').trim()}};
}}"""

# What differs in an element and in what stands around it when it has the focus: [with the focus, without].
RING = f"""() => {{ {COMMON}
  const node = focused();
  const look = () => [node, above(node)].map(part => {{
    const s = getComputedStyle(part);
    return [s.outlineStyle === 'none' ? '' : `${{s.outlineStyle}} ${{s.outlineWidth}} ${{s.outlineColor}}`, s.boxShadow,
            s.borderColor + s.borderWidth, s.backgroundColor].join('; ');
  }}).join(' | ');
  const held = look();
  node.blur();
  const without = look();
  node.focus();
  return [held, without, focused() === node];
}}"""

IN_VIEW = f"""(node) => {{ {COMMON}
  const box = node.getBoundingClientRect(), view = panel().getBoundingClientRect();
  const bottom = Math.min(view.bottom, innerHeight);
  const seen = Math.min(box.bottom, bottom) - Math.max(box.top, view.top);
  if (box.width === 0 || box.height === 0 || seen <= 0) return 'none';
  return seen >= box.height - 2 && box.left >= view.left - 1 && box.right <= view.right + 1 ? 'all' : 'part';
}}"""

TEXT = f"""(node) => {{ {COMMON}
  return [node, ...parts(node)].map(part => part.shadowRoot).filter(root => root)
    .flatMap(root => [...root.children]).filter(part => part.localName !== 'style').map(part => part.innerText)
    .concat([node.innerText]).join('\\n');
}}"""

VALUE = """node => node.getAttribute('aria-valuetext') || node.getAttribute('aria-valuenow') || node.value"""

# Each text of the course whose contrast to what is behind it is below the one given. Elements that are disabled are
# exempt. Behind a text of an SVG lies what was painted before it, at its middle.
CONTRAST = f"""(least) => {{ {COMMON}
  const canvas = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}});
  const rgba = colour => {{
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }};
  const over = (top, under, alpha) => [0, 1, 2].map(i => top[i] * alpha + under[i] * (1 - alpha));
  const light = ([r, g, b]) => {{
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }};
  const behind = node => {{
    const layers = [];
    for (let at = node; at; at = above(at)) {{
      if (at.localName === 'svg' && node !== at && node.ownerSVGElement) {{
        const box = node.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
        for (const shape of [...at.querySelectorAll('rect, path, polygon, circle')].reverse()) {{
          const style = getComputedStyle(shape);
          if (!(shape.compareDocumentPosition(node) & 4) || shape.closest('defs, clipPath, pattern')) continue;
          if (style.fill === 'none' || style.fill.startsWith('url')) continue;
          if (!shape.isPointInFill(new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse()))) continue;
          const fill = rgba(style.fill);
          layers.push([fill, fill[3] * style.fillOpacity * style.opacity]);
        }}
      }}
      const colour = rgba(getComputedStyle(at).backgroundColor);
      layers.push([colour, colour[3]]);
    }}
    return layers.reverse().reduce((under, [top, alpha]) => over(top, under, alpha), [255, 255, 255]);
  }};
  const dim = node => node ? getComputedStyle(node).opacity * dim(above(node)) : 1;
  const off = node => {{
    for (let at = node; at; at = above(at))
      if (at.disabled || at.matches?.('[aria-disabled=true], [disabled], .jp-InternalAnchorLink')) return true;
    return false;
  }};
  const found = [];
  let seen = 0;
  for (const area of ours()) for (const node of [area, ...parts(area)]) {{
    if (['style', 'script', 'title', 'desc', 'option', 'select'].includes(node.localName)) continue;
    const words = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(' ').trim();
    if (!words || !shown(node) || off(node)) continue;
    seen += 1;
    const style = getComputedStyle(node), ink = rgba(node.ownerSVGElement ? style.fill : style.color);
    const paper = behind(node), text = over(ink, paper, ink[3] * dim(node));
    const [a, b] = [light(text), light(paper)], ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) found.push(`${{ratio.toFixed(2)}}: "${{words.slice(0, 50)}}" ${{brief(node)}}`);
  }}
  return [seen, found];
}}"""

# Everything of the course that takes the focus or can be worked, and what a screen reader says of it.
CONTROLS = f"""() => {{ {COMMON}
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [contenteditable=true], '
    + '[tabindex], [role=slider], [role=button]';
  axe.setup(document.body);
  const found = ours().flatMap(parts).filter(node => node.matches(wanted) && shown(node)).map(node => ({{
    html: brief(node), name: (node.isContentEditable       // its content is a value, and no name
      ? axe.commons.aria.arialabelledbyText(node) || node.getAttribute('aria-label') || node.title
      : axe.commons.text.accessibleText(node)).trim(), stop: node.tabIndex >= 0 && !node.disabled,
    slider: node.matches('[role=slider], input[type=range]'),
    value: node.getAttribute('aria-valuetext') || node.getAttribute('aria-valuenow') || node.value || '',
    off: node.disabled || node.getAttribute('aria-disabled') === 'true' || node.hasAttribute('disabled'),
  }}));
  axe.teardown();
  return found;
}}"""

IMAGES = f"""() => {{ {COMMON}
  return ours().flatMap(parts).filter(node => (node.matches('img, [role=img]')
      || node.localName === 'svg' && node.getAttribute('aria-hidden') !== 'true') && shown(node)
      && !above(node).closest('[role=img], [aria-hidden=true], button'))
    .map(node => [node.getAttribute('alt') ?? node.getAttribute('aria-label')
      ?? node.querySelector('title')?.textContent ?? '', brief(node)]);
}}"""

# What of the course reaches beyond the right edge of the view, or can be scrolled sideways; texts in rows of characters
# (`pre`) may be.
TOO_WIDE = f"""() => {{ {COMMON}
  const right = panel().getBoundingClientRect().right, found = [];
  for (const area of ours()) for (const node of [area, ...parts(area)]) {{
    if (!shown(node) || node.closest('pre, [aria-hidden=true]') || area.querySelector(':scope > pre')) continue;
    const style = getComputedStyle(node);
    const scrolls = ['auto', 'scroll'].includes(style.overflowX) && node.scrollWidth > node.clientWidth + 1;
    const beyond = node.matches('button, input, select, img, svg, [role=slider], [role=img]')
      && node.getBoundingClientRect().right > right + 1;
    if (scrolls || beyond) found.push(`${{scrolls ? 'scrolls sideways' : 'is cut off'}}: ${{brief(node)}}`);
  }}
  return found;
}}"""


def notebook(cells: dict[str, str], *, may_fail: bool = False) -> nbformat.NotebookNode:
    """A notebook of cells by their ids: a text that begins with # and a blank, or with *, is Markdown.

    may_fail  Run All goes on after a cell that ends with an error
    """
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name, source in cells.items():
        make = nbformat.v4.new_markdown_cell if re.match(r"#+ |\*", source) else nbformat.v4.new_code_cell
        made.cells.append(make(source, id=name, metadata={"tags": ["raises-exception"]} if may_fail else {}))
    return made


@dataclass(frozen=True)
class Focus:
    """What has the focus: its cell, whether it lies in an output of it, and what it is."""

    cell: str
    output: bool
    role: str
    tag: str
    type: str
    text: str

    @property
    def is_slider(self) -> bool:
        return self.role == "slider" or self.type == "range"


class Learner:
    """A page of JupyterLab, and who sits in front of it."""

    def __init__(self, page: Page, address: str = "") -> None:
        self.page, self.address = page, address
        self._device = page.context.new_cdp_session(page)
        self.keyboard, self.mouse = page.keyboard, page.mouse

    # -- the page -------------------------------------------------------------------------------

    def open(self, address: str) -> None:
        """Open a notebook, and wait for its kernel."""
        lab_browser._open(self.page, address)
        self.address = address

    def size(self, device: tuple[int, int, int]) -> None:
        """Give the page this width and height in CSS pixels, of which each is so many pixels of the screen."""
        width, height, scale = device
        self._device.send("Emulation.setDeviceMetricsOverride",
                          {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})
        self.page.wait_for_function(DEVICE, arg=[width, height])
        self.page.wait_for_timeout(300)                 # what depends on it is laid out again

    def theme(self, name: str) -> None:
        dark = self.page.evaluate("() => document.body.dataset.jpThemeName")
        if dark == name:
            return
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.page.wait_for_timeout(700)                 # the style sheet of the theme is loaded

    # -- cells ----------------------------------------------------------------------------------

    def cell(self, id: str) -> Locator:
        index = self.page.evaluate(INDEX, id)
        assert index >= 0, f"there is no cell {id} in this notebook"
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)

    def output(self, id: str) -> Locator:
        """What stands below a cell."""
        return self.cell(id).locator(".jp-Cell-outputArea")

    def text(self, id: str) -> str:
        """The words below a cell, also those in a shadow root."""
        return self.output(id).evaluate(TEXT)

    def select(self, id: str) -> None:
        """Select a cell by a click on what stands left of it."""
        self.cell(id).locator(".jp-InputPrompt").click()

    def run(self, *ids: str, seconds: float = 60) -> None:
        """Run cells, each with Shift+Enter, and wait until they are done."""
        for id in ids:
            self.select(id)
            prompt = self.cell(id).locator(".jp-InputPrompt")
            before = prompt.inner_text()
            self.keyboard.press("Shift+Enter")
            self.page.wait_for_function(
                "([node, before]) => /\\d/.test(node.innerText) && node.innerText !== before",
                arg=[prompt.element_handle(), before], timeout=1000 * seconds)
            self.done(seconds)

    def done(self, seconds: float = 60) -> None:
        """Wait until no cell runs, and what they show is on the page."""
        self.page.wait_for_function(f"() => ({RUNNING})() === 0", timeout=1000 * seconds)
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(lab_browser.WIDGETS_LOADED, timeout=WAIT)

    def run_all(self, seconds: float = 90) -> None:
        """Run All; a cell may end with an error."""
        assert self.page.evaluate(lab_browser.RUN_ALL, seconds) != "timeout"
        self.done(seconds)

    def run_above(self, id: str, seconds: float = 90) -> None:
        """Run all cells above this one, and select it; a cell may end with an error."""
        self.select(id)
        script = lab_browser.RUN_ALL.replace("notebook:run-all-cells", "notebook:run-all-above")
        assert self.page.evaluate(script, seconds) != "timeout"
        self.done(seconds)
        self.select(id)

    @property
    def active(self) -> str:
        """The id of the selected cell."""
        return self.page.evaluate(ACTIVE)

    def state(self) -> list[int]:
        """What a key meant for an instrument must leave alone: the selected cell, and what is hidden or folded."""
        return self.page.evaluate(STATE)

    # -- the kernel, and the next day -----------------------------------------------------------

    def restart(self) -> None:
        """Restart the kernel with the button of the toolbar."""
        self._toolbar("restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_timeout(1_500)
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")

    def stop(self) -> None:
        """Press the stop button of the toolbar."""
        self._toolbar("interrupt")

    def _toolbar(self, name: str) -> None:
        panel = ".jp-NotebookPanel:not(.lm-mod-hidden)"
        self.page.locator(f"{panel} [data-jp-item-name={name}] :is(button, jp-button)").first.click()

    def save(self) -> None:
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=WAIT)

    def end(self) -> None:
        """Shut the kernel down, and close the page."""
        with contextlib.suppress(Error):
            self.page.evaluate(lab_browser.CLOSE)
        self.page.close()

    # -- what is seen ---------------------------------------------------------------------------

    def in_view(self, thing: Locator) -> str:
        """How much of it is in view, "all", "part" or "none", without scrolling."""
        return thing.evaluate(IN_VIEW)

    def shows(self, id: str, words: str, seconds: float = 8) -> bool:
        """Whether these words (a regular expression) appear below a cell within some seconds."""
        end = time.monotonic() + seconds
        while not (found := re.search(words, self.text(id), re.IGNORECASE)) and time.monotonic() < end:
            self.page.wait_for_timeout(150)
        return found is not None

    def alternatives(self, id: str) -> list[str]:
        """What is said instead of each picture below a cell."""
        return self.output(id).locator("img, [role=img]").evaluate_all(
            "nodes => nodes.map(n => n.getAttribute('alt') ?? n.getAttribute('aria-label') ?? '')")

    def drawn(self, id: str) -> list[str]:
        """The words in the pictures below a cell that reach the page as SVG."""
        sources = self.output(id).locator("img").evaluate_all("nodes => nodes.map(n => `${n.src} ${n.srcset}`)")
        pictures = [base64.b64decode(data).decode() for source in sources
                    for data in re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", source)]
        return [html.unescape(text) for picture in pictures for text in re.findall(r"<text[^>]*>([^<]*)", picture)]

    # -- the focus ------------------------------------------------------------------------------

    def focus(self) -> Focus | None:
        """What has the focus; None if it was lost."""
        found = self.page.evaluate(FOCUS)
        return Focus(**found) if found else None

    def tab_to(self, wanted: Any, key: str = "Tab", most: int = 40) -> Focus:
        """Press a key until what has the focus is wanted: a function of it. No instrument may lose the focus."""
        way, before = [], None
        for _ in range(most):
            self.keyboard.press(key)
            focus = self.focus()
            assert focus is not None or before is None or not before.output, f"{key} lost the focus of {before}"
            if focus is not None and wanted(focus):
                return focus
            way.append(f"{focus.cell} {focus.tag} {focus.role} {focus.text[:20]}" if focus else "end of the page")
            before = focus
        raise AssertionError(f"{key}, {most} times, never came to it: {way}")

    def ring(self) -> str:
        """What is wrong with how the focus is shown on what has it; empty if it can be seen."""
        held, without, back = self.page.evaluate(RING)
        assert back, "what had the focus cannot have it back"
        if held == without:
            return f"nothing shows that it has the focus: {held}"
        outline = re.match(r"(\w+) ([\d.]+)px", held)
        alone = held.split("; ")[1:] == without.split("; ")[1:]         # nothing else differs
        if alone and outline and outline[1] != "auto" and float(outline[2]) < 2:
            return f"its outline is {outline[2]} px"
        return ""


# -- what a program finds ---------------------------------------------------------------------------


def violations(learner: Learner) -> list[str]:
    """What axe-core finds wrong in what the course shows; JupyterLab's own page is not looked at."""
    context = {"include": [[".jp-OutputArea-output"], [".jp-RenderedMarkdown"]]}
    options = {"resultTypes": ["violations"], "rules": {"region": {"enabled": False}}}      # that is JupyterLab's page
    found = Axe().run(learner.page, context, options).response["violations"]
    return [f"{one['id']} ({one['impact']}): {node['html'][:160]}" for one in found for node in one["nodes"]]


def controls(learner: Learner) -> list[dict[str, Any]]:
    """What of the course can be worked, and what is said of it; see CONTROLS."""
    Axe().run(learner.page, {"include": [["body"]]}, {"runOnly": ["document-title"]})       # brings axe to the page
    return learner.page.evaluate(CONTROLS)


def too_faint(learner: Learner, least: float = 4.5) -> list[str]:
    """The texts of the course whose contrast is below `least`."""
    seen, found = learner.page.evaluate(CONTRAST, least)
    assert seen > 50, f"only {seen} texts were found"
    return found


@contextlib.contextmanager
def learner_at(chrome: lab_browser.Browser, address: str, device: tuple[int, int, int] = NORMAL) -> Iterator[Learner]:
    """A learner who has opened a notebook; its kernel is shut down at the end."""
    learner = Learner(chrome.context.new_page())
    learner.page.set_default_timeout(WAIT)
    try:
        learner.open(address)
        learner.size(device)
        yield learner
    finally:
        learner.end()


def distrust(file: Path) -> Path:
    """A copy of a notebook that JupyterLab does not trust: one that it has never saved."""
    made = json.loads(file.read_text(encoding="utf-8"))
    made["metadata"]["came"] = "from somebody else"
    copy = file.with_name(f"{file.stem}_untrusted.ipynb")
    copy.write_text(json.dumps(made), encoding="utf-8")
    return copy
