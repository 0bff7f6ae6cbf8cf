// The box of search(): finds in the list beside it what somebody means. The same as matching.py; a test compares the two.
(() => {
  const MOST = 5, OF_ENTRY = 0.7, OF_WORDS = 0.67, UNKNOWN = 400, LITTLE = 25;
  const COMMON = new Set(("a an and are as at be by can do for from has have how i if in is it my no not of on or s t " +
    "that the this to was what when where which with you attributeerror keyerror nameerror oserror runtimeerror " +
    "syntaxerror typeerror valueerror").split(" "));

  const words = text => (text.toLowerCase().replace(/\x1b\[[0-9;?]*[a-z]|\[[0-9]+(?:;[0-9]+)*m/g, " ")
    .match(/[a-z0-9_]+/g) ?? []).filter(word => !/^[0-9]/.test(word)).map(singular);
  const singular = word => word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
  const quotedIn = text => new Set([...text.toLowerCase()
    .matchAll(/['"\u2018\u201c`]([a-z_][a-z0-9_.]*)['"\u2019\u201d`]/g)].flatMap(([, quoted]) => words(quoted)));
  const spaced = list => ` ${list.join(" ")} `;
  const sum = numbers => numbers.reduce((one, other) => one + other, 0);

  const root = document.currentScript.parentElement;
  const items = [...root.querySelectorAll("li")];
  const texts = items.map(item => item.firstElementChild.textContent);
  const parts = texts.map(text => text.split("...").map(words).filter(part => part.length).map(spaced));
  const quoted = texts.map(quotedIn);
  const isTerm = items.map(item => item.firstElementChild.localName === "b");
  const known = texts.map(text => new Set(words(text)));
  const weights = new Map();
  for (const word of known.flatMap(set => [...set])) weights.set(word, (weights.get(word) ?? 0) + 1);
  for (const [word, times] of weights) {
    const weight = Math.round(100 * Math.log(texts.length / times));
    weights.set(word, Math.max(1, COMMON.has(word) ? Math.min(weight, LITTLE) : weight));
  }
  const vocabulary = [...weights.keys()];
  const total = list => sum(list.map(word => weights.get(word)));
  const totals = known.map(set => total([...set]));

  function isMistyped(word, meant) {
    if (Math.abs(word.length - meant.length) > 1) return false;
    let at = 0;
    while (at < word.length && at < meant.length && word[at] === meant[at]) at++;
    const rest = word.slice(at), other = meant.slice(at);
    return [rest.slice(1), rest.slice(1, 2) + rest.slice(0, 1) + rest.slice(2)].includes(other)
      || [rest, rest.slice(1)].includes(other.slice(1));
  }

  function meantBy(word) {
    if (weights.has(word)) return [word];
    const begun = vocabulary.filter(other => word.length > 2 && other.startsWith(word));
    return begun.length ? begun : vocabulary.filter(other => word.length > 4 && isMistyped(word, other));
  }

  function standIn(entry, text) {
    let at = 0;
    for (const part of entry) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length - 1;
    }
    return true;
  }

  function find(text) {
    const lines = text.split("\n").filter(line => words(line).length);
    const best = new Map();
    [...lines, text].forEach((part, number) => {
      const isLine = number < lines.length, isWhole = number === lines.length || lines.length === 1;
      const meant = [...new Set(words(part))].map(meantBy);
      const every = new Set(meant.flat());
      const counts = [...new Set(words(part))].map(word => weights.get(word) ?? (COMMON.has(word) ? LITTLE : UNKNOWN));
      const quotes = quotedIn(part).size > 0;
      known.forEach((entry, place) => {
        const inEntry = total([...entry].filter(word => every.has(word)));
        if (!inEntry || (quotes && quoted[place].size && ![...quoted[place]].some(word => every.has(word)))) return;
        const inWords = sum(counts.filter((_, at) => meant[at].some(word => entry.has(word))));
        const ofEntry = inEntry / totals[place], ofWords = inWords / sum(counts);
        const isExact = !isTerm[place] && standIn(parts[place], spaced(words(part)));
        const isMostOfIt = !isTerm[place] && isLine && ofEntry >= OF_ENTRY;
        if (!isExact && !isMostOfIt && !(isWhole && ofWords >= OF_WORDS)) return;
        const score = ofEntry * ofWords + (isExact ? 1 : 0) + (ofWords === 1 ? 0.5 : 0), before = best.get(place);
        if (!before || score >= before[0]) best.set(place, [score, number]);
      });
    });
    return [...best].sort(([one, [a, x]], [other, [b, y]]) => b - a || y - x || one - other)
      .slice(0, MOST).map(([place]) => place);
  }

  // --- on the page ---

  const make = (name, more) => Object.assign(document.createElement(name), more);
  const label = make("label", {textContent: "A message, a few words of it, or a term"});
  const box = make("textarea", {rows: 2, spellcheck: false, autocomplete: "off"});
  const status = make("p", {className: "wyw-search-status"});
  const shown = make("ul", {className: "wyw-search-list"});
  const store = root.querySelector("details");
  status.setAttribute("role", "status");
  label.append(box);

  let told = null;
  function show() {
    const places = find(box.value);
    store.append(...shown.children);        // what was found before
    shown.append(...places.map(place => items[place]));
    clearTimeout(told);                     // not at every letter
    told = setTimeout(() => {
      status.textContent = !box.value.trim() ? "" : !places.length
        ? root.dataset.nothing
        : places.length === 1 ? "Found:" : `Found ${places.length}, the best match first:`;
    }, 300);
    const link = shown.querySelector("a");
    if (link && link.getBoundingClientRect().bottom > innerHeight - 40) label.scrollIntoView();     // below the view
  }

  // What is typed here is no shortcut of the notebook; the browser's own, such as its search, stay.
  for (const kind of ["keydown", "keypress", "keyup"]) root.addEventListener(kind, event => {
    if (!((event.ctrlKey || event.metaKey) && event.key === "s")) event.stopPropagation();      // saves
    if (kind === "keydown" && event.key === "Escape") root.closest(".jp-Cell")?.focus();      // back to the notebook
  });
  box.addEventListener("input", show);
  root.find = find;
  root.querySelector(".wyw-search-note").remove();
  store.style.display = "none";       // it stays in the page: JupyterLab is going to make its links work
  root.prepend(label, status, shown);
  const cell = root.closest(".jp-Cell");
  if (cell?.querySelector(".jp-InputPrompt")?.textContent.includes("*"))        // it was run just now: type away
    setTimeout(() => box.focus(), 200);
})();
