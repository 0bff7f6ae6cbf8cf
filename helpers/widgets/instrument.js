// What ipywidgets does not do for an instrument, done by the page: see afterwards.py. The name is for screen readers.
(name => {
  const stays = document.currentScript?.parentElement?.querySelector('.wyw-afterwards');
  const output = stays?.closest('.jp-OutputArea-child');
  const widgets = output?.previousElementSibling;
  if (!widgets) return;                                         // no JupyterLab
  const cell = output.closest('.jp-Cell');
  const running = node => node?.querySelector('.jp-InputPrompt')?.innerText.includes('*') ?? false;
  const fresh = running(cell);                                  // the cell is being run; it has not only been opened

  let tended = null;
  const look = () => {
    const root = widgets.querySelector('.wyw-live');
    if (!root || root === tended) return;
    tended = root;
    stays.classList.remove('wyw-expected');
    tend(root);
    if (fresh) bringIntoView(root);
  };
  if (fresh) {                                                  // so that what stays does not flash up
    stays.classList.add('wyw-expected');
    setTimeout(() => stays.classList.remove('wyw-expected'), 10000);
  }
  new MutationObserver(look).observe(widgets, {childList: true, subtree: true});
  look();

  function tend(root) {
    set(root, {role: 'group', 'aria-label': name, tabindex: '-1'});
    const known = new WeakSet();
    const parts = () => {                                       // some come later than their instrument
      const all = (selector, tendPart) => root.querySelectorAll(selector).forEach(node => {
        if (!known.has(node)) { known.add(node); tendPart(node); }
      });
      all('.widget-slider:has(.noUi-handle)', nameSlider);
      all('button', keepFocus);
      all('.wyw-tells > .widget-html-content',
          node => set(node, {role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true'}));
    };
    parts();
    new MutationObserver(parts).observe(root, {childList: true, subtree: true});
    // A click on the track of a slider gives the focus to its handle; JupyterLab would take it.
    for (const type of ['pointerdown', 'pointerup', 'click']) {
      root.addEventListener(type, event => {
        const handle = event.target.closest?.('.noUi-target:not([disabled])')?.querySelector('.noUi-handle');
        if (handle) setTimeout(() => handle.focus({preventScroll: true}));
      }, true);
    }
    // The keys of a control are not the notebook's. Those with Shift, Ctrl and Escape are.
    root.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        if (event.target.matches('textarea') && 'acx'.includes(event.key)) event.stopPropagation();
      } else if (event.key === 'Escape') {
        cell.focus();                                           // the arrow keys then lead to the next cell
      } else if (!(event.key === 'Enter' && event.shiftKey)
                 && event.target.matches('select, input, textarea, button, .noUi-handle, [contenteditable=true]')) {
        event.stopPropagation();
      }
    });
    root.addEventListener('click', event => {
      const button = event.target.closest('.wyw-copy');
      if (button) copy(button, button.parentElement.querySelector('textarea'));
    });
    watchKernel(root);
  }

  function set(node, attributes) {
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null) node.removeAttribute(key);
      else if (node.getAttribute(key) !== value) node.setAttribute(key, value);
    }
  }

  // A handle says what its slider is called, and the value as it is shown, not the number of a step.
  function nameSlider(row) {
    const [handle, target, readout] = ['.noUi-handle', '.noUi-target', '.widget-readout'].map(s => row.querySelector(s));
    const label = row.querySelector('.widget-label')?.textContent ?? '';
    const meaning = row.querySelector('.widget-label')?.title || null;
    if (!row.classList.contains('wyw-choice')) takeNumbers(row, readout);
    const tell = () => {
      const off = target.hasAttribute('disabled');
      set(handle, {'aria-label': label, 'aria-description': meaning, 'aria-valuetext': readout.textContent, 'aria-disabled': off ? 'true' : null,
                   tabindex: off ? '-1' : '0'});
      if (row.classList.contains('wyw-choice')) {                // ipywidgets lets one edit it, without effect
        set(readout, {contenteditable: 'false'});
      } else {
        set(readout, {role: 'textbox', 'aria-label': `${label}, as a number`, contenteditable: off ? 'false' : 'true',
                      'aria-disabled': off ? 'true' : null});
      }
    };
    new MutationObserver(tell).observe(row, {subtree: true, childList: true, characterData: true, attributes: true,
      attributeFilter: ['disabled', 'aria-valuetext', 'contenteditable']});
    tell();
  }

  // ipywidgets takes a number that is typed with Enter alone, and a share as 0.2 where it shows 20%.
  function takeNumbers(row, readout) {
    const read = () => {
      const typed = readout.textContent.replace(',', '.'), number = parseFloat(typed);
      const isShare = row.classList.contains('wyw-percent');
      if (isShare && (typed.includes('%') || number > 1)) readout.textContent = `${number / 100}`;
      else if (typed !== readout.textContent) readout.textContent = typed;
    };
    let shown = '';
    readout.addEventListener('focusin', () => { shown = readout.textContent; });
    row.addEventListener('keydown', event => {
      if (event.target === readout && event.key === 'Enter') read();
    }, true);
    readout.addEventListener('focusout', () => {
      if (readout.textContent === shown) return;
      read();
      readout.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 13, which: 13, bubbles: true}));
    });
  }

  // A button that is disabled loses the focus: another one takes it, or else the instrument.
  function keepFocus(button) {
    let held = false;
    button.addEventListener('focus', () => { held = true; });
    button.addEventListener('blur', () => { held = button.disabled && held; });
    new MutationObserver(() => {
      if (!button.disabled || !held) return;
      held = false;
      setTimeout(() => {                                        // which others are enabled is news of the same moment
        if (![document.body, null, button].includes(document.activeElement)
            && !document.activeElement.contains(button)) return;
        const row = [...button.parentElement.querySelectorAll('button')];
        (row.findLast(each => !each.disabled && each.offsetParent) ?? button.closest('.wyw-live'))?.focus();
      }, 100);
    }).observe(button, {attributes: true, attributeFilter: ['disabled']});
  }

  async function copy(button, area) {
    try {
      await navigator.clipboard.writeText(area.value);
    } catch {                                                   // not on a page of http, or not allowed
      area.focus();
      area.select();
      if (!document.execCommand('copy')) { button.textContent = 'Press Ctrl+C'; return; }
      button.focus();
    }
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 3000);
  }

  // ipywidgets knows of a restart, and not that another kernel has come, or none. So when the kernel was away and is
  // back, a hidden button is pressed: the kernel behind the widgets answers with another number.
  function watchKernel(root) {
    const indicator = root.closest('.jp-NotebookPanel')?.querySelector('.jp-Notebook-ExecutionIndicator');
    const [ask, answer] = ['.wyw-ask', '.wyw-answer'].map(s => root.querySelector(s));
    if (!indicator || !ask || !answer) return;
    let away = false, timer = null;
    const watch = new MutationObserver(() => {
      if (!root.isConnected) { watch.disconnect(); return; }
      const status = indicator.dataset.status;
      const here = ['idle', 'busy'].includes(status);
      if (!here && !away) {
        away = true;
        timer = setTimeout(() => root.classList.add('wyw-parted'), 3000);
      } else if (status === 'idle' && away) {
        away = false;
        clearTimeout(timer);
        const before = answer.textContent;
        ask.click();
        timer = setTimeout(() => root.classList.toggle('wyw-parted', answer.textContent === before), 3000);
      }
    });
    watch.observe(indicator, {attributes: true, attributeFilter: ['data-status']});
  }

  // After Shift+Enter the next cell is in view, and after Ctrl+Enter this one; what came of it may be outside.
  function bringIntoView(root) {
    const next = cell.nextElementSibling;
    const ran = cell.classList.contains('jp-mod-active') || next?.classList.contains('jp-mod-active');
    if (!ran || running(next)) return;                          // Run All
    const view = cell.closest('.jp-WindowedPanel-outer');
    const stop = new AbortController();
    for (const type of ['wheel', 'pointerdown', 'keydown']) {
      document.addEventListener(type, () => stop.abort(), {capture: true, once: true, signal: stop.signal});
    }
    const scroll = () => {
      if (stop.signal.aborted || !root.isConnected) return;
      const tall = root.getBoundingClientRect().height > (view?.clientHeight ?? innerHeight);
      root.scrollIntoView({block: tall ? 'start' : 'nearest'});
    };
    const size = new ResizeObserver(scroll);                    // controls and picture come one after the other
    size.observe(root);
    setTimeout(() => { size.disconnect(); stop.abort(); }, 2000);
  }
})
