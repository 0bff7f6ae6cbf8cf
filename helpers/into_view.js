// Brings what a cell has shown into view, after Shift+Enter or Ctrl+Enter; not in Run All, nor when a notebook is opened.
(() => {
  const shown = document.currentScript.parentElement, cell = shown.closest(".jp-Cell");
  const isRunning = one => one?.querySelector(".jp-InputPrompt")?.textContent.includes("*") ?? false;
  if (!isRunning(cell) || isRunning(cell.nextElementSibling)) return;
  const image = shown.querySelector("img"), ready = image && !image.complete
    ? new Promise(resolve => ["load", "error"].forEach(kind => image.addEventListener(kind, resolve))) : Promise.resolve();
  ready.then(() => setTimeout(() => {
    const active = document.querySelector(".jp-Notebook .jp-Cell.jp-mod-active");
    const view = shown.closest(".jp-WindowedPanel-outer")?.getBoundingClientRect();
    if (!view || (active !== cell && active !== cell.nextElementSibling)) return;
    const box = shown.getBoundingClientRect();
    if (box.height > view.height) shown.scrollIntoView({ block: "start" });         // its beginning says the most
    else if (box.top < view.top || box.bottom > view.bottom) shown.scrollIntoView({ block: "nearest" });
  }, 100));
})();
