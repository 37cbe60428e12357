// The page: reads the data, makes the pictures, and connects them with the controls.

async function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const table of document.querySelectorAll("table.sortable")) make_sortable(table);
  theme();
  scrolled_by_keys();
  const [columns, path, steps] = await Promise.all([unpacked(data.attempts), unpacked(data.path), unpacked(data.curves)]);
  const attempts = new Attempts(columns, data.phases, data.tick_us);
  const view = new View(data.end, data.tick_us / 1e6);
  const place = document.getElementById("timeline");
  const state = { attempts, view };
  if (place && attempts.count) {
    const timeline = state.timeline = new Timeline(place, attempts, path, view, data.ended);
    const picked = document.getElementById("picked");
    const pick = (i) => { picked.hidden = false; picked.replaceChildren(...facts_of(attempts, i)); };
    const reveal = (i) => { pick(i); timeline.reveal(i); place.scrollIntoView({ block: "start" }); timeline.canvas.focus({ preventScroll: true }); };
    place.addEventListener("picked", (event) => pick(event.detail));
    const table = state.table = new AttemptTable(document.getElementById("attempts"), attempts, reveal);
    controls([[timeline, table, reveal]]);
    parts(timeline, reveal);
    if (steps.at.length) state.curves = new Curves(document.getElementById("curves"), steps, view, data.phases);
    view.changed();
  }
  on_paper(view);
  window.observed = state; // for tests, and for the curious
  document.documentElement.dataset.ready = "yes";
}

/** Let each part of the makespan's bar show its stretches of the actual path. */
function parts(timeline, reveal) {
  const { path, attempts, view } = timeline, panel = document.getElementById("stretches");
  const table = document.getElementById("partition");
  for (const heading of table.querySelectorAll("tr.class th")) {
    const cost_class = heading.parentElement.dataset.class, name = heading.lastChild;
    if (!document.querySelector(`.bar [data-class=${cost_class}]`)) continue;
    name.replaceWith(element("button", { type: "button", class: "pick", "data-class": cost_class, "aria-pressed": "false" }, name.cloneNode()));
  }
  const buttons = [...document.querySelectorAll(".bar button, .pick")];
  const show = (cost_class) => {
    buttons.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.class === cost_class)));
    table.dataset.only = cost_class ?? "";
    for (const row of table.tBodies[0].rows) row.classList.toggle("picked", row.dataset.class === cost_class);
    panel.hidden = cost_class === null;
    if (cost_class === null) return;
    const found = [];
    let start = 0;
    for (let n = 0; n < path.count; n++) {
      if (attempts.phases[path.phase[n]].cost_class === cost_class) found.push([path.end[n] - start, start, n]);
      start = path.end[n];
    }
    found.sort((a, b) => b[0] - a[0]);
    const items = found.slice(0, 6).map(([length, from, n]) => {
      const row = known(path.row, n), go = () => {
        if (row !== null) reveal(row);
        view.show(from - length, from + 2 * length);
        timeline.place.scrollIntoView({ block: "start" });
      };
      return element("li", {}, element("b", {}, duration(length * attempts.tickS)), ` ${attempts.phases[path.phase[n]].name}, `,
        row === null ? "Snakemake itself" : attempts.name(row), " ", element("button", { type: "button", class: "link", onclick: go }, "show"));
    });
    panel.replaceChildren(element("h3", {}, `Its ${found.length > 6 ? `longest of ${found.length.toLocaleString("en")} stretches` : "stretches"} on the actual path`), element("ol", {}, ...items));
  };
  for (const one of buttons) one.addEventListener("click", () => show(one.getAttribute("aria-pressed") === "true" ? null : one.dataset.class));
}
