// Moves a replay: everything that it shows was computed when it was made, and lies packed beside this script.
// It needs no kernel, so it works in a stored notebook, in an exported page, and after a restart.
(async () => {
  const root = document.currentScript.closest(".wyw-replay");
  if (!root || root.shadowRoot || !window.DecompressionStream) return;    // the text stays
  const cell = root.closest(".jp-Cell");
  const isRunning = one => one?.querySelector(".jp-InputPrompt")?.textContent.includes("*") ?? false;
  const running = isRunning(cell) && !isRunning(cell.nextElementSibling);       // alone: it is not Run All
  const page = root.attachShadow({ mode: "open" });                       // hides the text
  const packed = Uint8Array.from(atob(root.querySelector("script").textContent), letter => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { shell, steps, first, show, left, right } = await new Response(unpacked).json();

  page.innerHTML = shell;
  const find = selector => page.querySelector(selector);
  const slider = find("input"), told = find("p"), columns = find(".wyw-columns"), number = find(".wyw-count span");
  const buttons = Object.fromEntries([...page.querySelectorAll("button")].map(each => [each.dataset.go, each]));
  const picture = find(".wyw-time svg"), last = steps.length;
  const tall = new Map();
  let step = 0, playing = null, width = page.host.offsetWidth;

  const shape = (name, css) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    made.setAttribute("class", css);
    made.setAttribute("pointer-events", "none");
    picture.append(made);
    return made;
  };
  const lane = shape("rect", "wyw-lane"), cursor = shape("path", "wyw-cursor");
  const bottom = picture.viewBox.baseVal.height - 20;

  function go(wanted) {
    const next = Math.min(Math.max(wanted, 1), last);
    if (next === step) return;
    step = next;
    const { said, body, time, x, y, high } = steps[step - 1];
    told.innerHTML = said;
    columns.innerHTML = body;
    for (const grown of [told, columns]) {                                // what is below does not jump up and down
      tall.set(grown, Math.max(tall.get(grown) ?? 0, grown.offsetHeight));
      grown.style.minHeight = `${tall.get(grown)}px`;
    }
    slider.value = step;
    number.textContent = `${(first + step - 1).toLocaleString("en")} of ${show}`;
    slider.setAttribute("aria-valuetext", `${number.textContent}, at ${time}`);
    for (const [name, end] of [["first", 1], ["back", 1], ["forward", last], ["last", last]])
      buttons[name].setAttribute("aria-disabled", step === end);
    cursor.setAttribute("d", `M${x} 0V${bottom}M${x - 5} 0h10l-5 6z`);
    for (const [name, value] of Object.entries({ x: left, width: right - left, y: y - high / 2, height: high, rx: 2 }))
      lane.setAttribute(name, value);
  }

  new ResizeObserver(() => {                                              // another width, other heights
    if (page.host.offsetWidth === width) return;
    width = page.host.offsetWidth;
    tall.clear();
    told.style.minHeight = columns.style.minHeight = "";
  }).observe(page.host);

  function play(on) {
    clearInterval(playing);
    playing = on ? setInterval(() => step < last ? go(step + 1) : play(false), 1000) : null;
    buttons.play.lastElementChild.textContent = on ? "Pause" : "Play";
    buttons.play.title = on ? "Stop playing" : "Play the steps, one a second";
    buttons.play.querySelector("path").setAttribute("d", on ? "M3 2h3v10H3zM8 2h3v10H8z" : "M4 2v10l7-5z");
    if (on && step === last) go(1);                                       // from the end, it begins anew
  }

  const actions = { first: () => go(1), back: () => go(step - 1), forward: () => go(step + 1), last: () => go(last) };
  for (const [name, button] of Object.entries(buttons))
    button.addEventListener("click", () => {
      const on = playing === null;
      play(false);
      name === "play" ? play(on) : actions[name]();
    });
  slider.addEventListener("input", () => { play(false); go(Number(slider.value)); });

  // The notebook has commands on plain keys. What is pressed here is meant for the replay.
  for (const type of ["keydown", "keypress", "keyup"])
    page.addEventListener(type, event => {
      if (type === "keydown" && event.key === "Escape") cell?.focus();        // arrow keys then lead to the next cell
      if (!event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter")
          && !["Tab", "Escape"].includes(event.key)) event.stopPropagation();
    });

  // A click on the picture goes to the last step at or before that time; the pointer may be dragged along.
  function point(event) {
    const box = picture.getBoundingClientRect(), view = picture.viewBox.baseVal;
    const x = (event.clientX - box.left) / box.width * view.width + 1;
    const before = steps.findLastIndex(each => each.x <= x);
    play(false);
    go(before < 0 ? 1 : before + 1);
  }
  const timeline = find(".wyw-time");
  timeline.addEventListener("pointerdown", event => {
    if (event.button) return;
    event.preventDefault();
    timeline.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    point(event);
  });
  timeline.addEventListener("pointermove", event => {
    if (timeline.hasPointerCapture(event.pointerId)) point(event);
  });

  go(root.dataset.step ? Number(root.dataset.step) : 1);

  // Shift+Enter goes on to the next cell, which may push this one out of the window, and may hold the answer to what this
  // one is asked: the replay comes to the lower edge of the window, or, if it is higher than that, to the upper one.
  if (running) requestAnimationFrame(() => setTimeout(() => {
    const active = document.querySelector(".jp-Notebook .jp-Cell.jp-mod-active");
    if (active !== cell && cell.nextElementSibling !== active) return;
    const window_ = root.closest(".jp-WindowedPanel-outer")?.getBoundingClientRect();
    const box = root.getBoundingClientRect();
    if (window_ && (active !== cell || box.top < window_.top || box.bottom > window_.bottom))
      root.scrollIntoView({ block: box.height < window_.height ? "end" : "start" });
  }, 100));
})();
