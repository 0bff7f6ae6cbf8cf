// Makes the picture larger and smaller, from half of the page's width to sixteen times.
(() => {
  const frame = document.getElementById("picture"), drawing = frame.querySelector("svg");
  const told = document.querySelector(".wyw-zoom output");
  let zoom = 1;
  function show(wanted) {
    const next = Math.min(Math.max(wanted, 0.5), 16);
    const middle = (frame.scrollLeft + frame.clientWidth / 2) * next / zoom;    // stays where it is
    zoom = next;
    drawing.style.maxWidth = "none";
    drawing.style.width = `${100 * zoom}%`;
    told.textContent = `${Math.round(100 * zoom)} %`;
    frame.scrollLeft = middle - frame.clientWidth / 2;
  }
  for (const button of document.querySelectorAll(".wyw-zoom button"))
    button.addEventListener("click", () => show(Number(button.dataset.by) * zoom || 1));
  document.querySelector(".wyw-zoom").style.display = "";
  show(1);
})();
