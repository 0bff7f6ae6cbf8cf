(name => {
  const stays = document.currentScript?.parentElement?.querySelector('.wyw-afterwards');
  const output = stays?.closest('.jp-OutputArea-child');
  const widgets = output?.previousElementSibling;
  if (!widgets) return;                                     // no JupyterLab
  const cell = output.closest('.jp-Cell');
  const prompt = node => node?.querySelector('.jp-InputPrompt')?.innerText ?? '';
  const fresh = prompt(cell).includes('*');                 // the cell is being run, and has not been opened

  const found = () => widgets.querySelector('.wyw-live');
  const wait = () => {
    stays.classList.remove('wyw-expected');
    if (found() && !found().wywTended) tend(found());
  };
  if (fresh) stays.classList.add('wyw-expected');           // so that it does not flash up
  const arrival = new MutationObserver(() => { if (found()) wait(); });
  arrival.observe(widgets, {childList: true, subtree: true});
  setTimeout(() => stays.classList.remove('wyw-expected'), 10000);
  if (found()) wait();

  function tend(root) {
    root.wywTended = true;
  }
})
