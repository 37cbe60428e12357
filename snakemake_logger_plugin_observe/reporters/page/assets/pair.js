// The page of two runs: both timelines in one stretch of time, under the same controls.

async function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  theme();
  scrolled_by_keys();
  const view = new View(data.end, data.tick_us / 1e6);
  const state = { view, timelines: [] }, sides = [];
  for (const [n, name] of ["A", "B"].entries()) {
    const { attempts: columns, path, ended } = data.sides[n];
    const place = document.getElementById(`timeline-${name}`);
    if (!place) continue;
    const attempts = new Attempts(await unpacked(columns), data.phases, data.tick_us);
    const timeline = new Timeline(place, attempts, await unpacked(path), view, ended);
    const picked = document.getElementById(`picked-${name}`);
    const pick = (i) => { picked.hidden = false; picked.replaceChildren(...facts_of(attempts, i)); };
    const reveal = (i) => { pick(i); timeline.reveal(i); place.scrollIntoView({ block: "start" }); timeline.canvas.focus({ preventScroll: true }); };
    place.addEventListener("picked", (event) => pick(event.detail));
    const table = new AttemptTable(document.getElementById(`attempts-${name}`), attempts, reveal);
    state.timelines.push(timeline);
    sides.push([timeline, table, reveal]);
  }
  if (sides.length) controls(sides);
  view.changed();
  on_paper(view);
  window.observed = state;
  document.documentElement.dataset.ready = "yes";
}
