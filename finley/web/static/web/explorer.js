/* Moves and enlarges the picture: drag, wheel, buttons, arrow keys; hover or focus shows a party's lines. */
(() => {
  const svg = document.getElementById("graph");
  if (!svg) return;
  const [left, top, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const view = { x: left, y: top, scale: 1 };

  const region = svg.parentElement; // on a narrow screen it scrolls; the party is in the middle
  region.scrollLeft = (region.scrollWidth - region.clientWidth) / 2;

  const draw = () => svg.setAttribute("viewBox",
    `${view.x} ${view.y} ${width * view.scale} ${height * view.scale}`);

  const zoom = (factor, fx = 0.5, fy = 0.5) => {
    const scale = Math.min(Math.max(view.scale * factor, 0.15), 2);
    view.x += (view.scale - scale) * width * fx;
    view.y += (view.scale - scale) * height * fy;
    view.scale = scale;
    draw();
  };

  const move = (dx, dy) => {
    view.x += dx * view.scale;
    view.y += dy * view.scale;
    draw();
  };

  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15,
      (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });

  let from = null;
  svg.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("a")) from = [event.clientX, event.clientY];
  });
  window.addEventListener("pointerup", () => { from = null; });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const ratio = width / svg.getBoundingClientRect().width;
    move((from[0] - event.clientX) * ratio, (from[1] - event.clientY) * ratio);
    from = [event.clientX, event.clientY];
  });

  const buttons = {
    in: () => zoom(1 / 1.3), out: () => zoom(1.3),
    whole: () => { Object.assign(view, { x: left, y: top, scale: 1 }); draw(); },
  };
  document.querySelectorAll("[data-zoom]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", buttons[button.dataset.zoom]);
  });

  const light = (id, on) => svg.querySelectorAll(`[data-of~="${id}"]`).forEach((line) =>
    line.classList.toggle("lit", on));
  svg.querySelectorAll("[data-node]").forEach((node) => {
    const id = node.dataset.node;
    for (const name of ["pointerenter", "focus"]) node.addEventListener(name, () => light(id, true));
    for (const name of ["pointerleave", "blur"]) node.addEventListener(name, () => light(id, false));
  });
})();
