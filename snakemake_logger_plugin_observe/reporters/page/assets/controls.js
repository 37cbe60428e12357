// The controls above the timelines: search, lanes, zoom. Two timelines share them.

/** Connect the controls with each [timeline, table, reveal]. */
function controls(sides) {
  const { view } = sides[0][0], get = (name) => document.getElementById(name);
  get("zoom-in").addEventListener("click", () => view.zoom(0.5));
  get("zoom-out").addEventListener("click", () => view.zoom(2));
  get("zoom-all").addEventListener("click", () => view.all());
  get("with-path").addEventListener("change", (event) => {
    for (const [timeline] of sides) timeline.with_path = event.target.checked;
    view.changed();
  });
  for (const one of document.querySelectorAll("input[name=lanes]")) {
    one.addEventListener("change", () => sides.forEach(([timeline]) => timeline.by(one.value)));
  }
  let next = 0, waiting;
  const all = sides.reduce((sum, [timeline]) => sum + timeline.attempts.count, 0);
  const matches = () => sides.flatMap(([{ found, attempts }, , reveal]) => {
    const own = [];
    found?.forEach((yes, i) => { if (yes && attempts.timed(i)) own.push(() => reveal(i)); });
    return own;
  });
  get("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      next = 0;
      let count = 0, searched = false;
      for (const [timeline, table] of sides) {
        const found = timeline.search(event.target.value);
        table.filter(found);
        found?.forEach((yes) => { count += yes; });
        searched = found !== null;
      }
      get("found").textContent = searched ? `${plural(count, "attempt")} found` : "";
    }, all > 20000 ? 200 : 0);
  });
  get("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = matches();
    if (found.length) found[next++ % found.length]();
    get("search").focus({ preventScroll: true });
  });
}
