// Tables that are sorted by their headings, and the table of all attempts, a page at a time.

/** Return what a cell is sorted by: its number if it has one, else its text. */
function sort_value(cell) {
  const given = cell.dataset.v ?? cell.textContent.trim();
  const number = Number(given.replace(/[,\s%]/g, ""));
  return given !== "" && !Number.isNaN(number) ? number : given.toLowerCase();
}

function compared(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

/** Let the headings of a table sort its rows. */
function make_sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = element("button", { type: "button" }, ...heading.childNodes);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "descending" || (!heading.hasAttribute("aria-sort") && !heading.classList.contains("n"));
      headings.forEach((one) => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "ascending" : "descending");
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [sort_value(row.cells[column]), row]);
      rows.sort(([a], [b]) => (down ? compared(a, b) : compared(b, a)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

/** Let a table that is larger than its place be scrolled with the keyboard. */
function scrolled_by_keys() {
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Table; it scrolls"]]) {
        if (scrolls) target.setAttribute(name, value);
        else target.removeAttribute(name);
      }
    }
  });
  for (const place of document.querySelectorAll(".wide")) watch.observe(place);
}

const PAGE = 50;

class AttemptTable {
  constructor(place, attempts, reveal) {
    Object.assign(this, { place, attempts, reveal });
    this.table = place.querySelector("table");
    let longest = 0;
    for (let i = 0; i < attempts.count; i++) longest = Math.max(longest, this.took(i));
    const places = longest < 1 ? 3 : longest < 100 ? 2 : 1, least = 0.5 * 10 ** -places;
    const length = (seconds) => (seconds < least && (seconds || attempts.tickS > 1e-6) ? `<${(2 * least).toFixed(places)}` : grouped(seconds, places));
    this.columns = [
      ["job", "n", (i) => known(attempts.job, i) ?? -1, (i) => known(attempts.job, i) ?? ""],
      ["attempt", "n", (i) => attempts.attempt[i]],
      ["rule", "", (i) => attempts.rule_of(i)],
      ["wildcards", "", (i) => attempts.wildcards(i)],
      ["status", "", (i) => attempts.status_of(i)],
      ["node", "", (i) => attempts.node_of(i) ?? ""],
      ["start s", "n", (i) => (attempts.timed(i) ? attempts.begin[i] * attempts.tickS : -1), (i) => (attempts.timed(i) ? grouped(attempts.begin[i] * attempts.tickS, places) : "")],
      ["took s", "n", (i) => this.took(i), (i) => (attempts.timed(i) ? `${attempts.is_open(i) ? "≥ " : ""}${length(this.took(i))}` : "")],
      ["tool s", "n", (i) => attempts.seconds_of(i, "compute") ?? -1, (i) => (attempts.seconds_of(i, "compute") === null ? "" : length(attempts.seconds_of(i, "compute")))],
      ["memory", "n", (i) => known(attempts.used_kb, i) ?? -1, (i) => attempts.memory(i) ?? ""],
    ];
    this.order = Uint32Array.from({ length: attempts.count }, (_, i) => i).sort((a, b) => attempts.begin[a] - attempts.begin[b] || a - b);
    this.found = null;
    this.page = 0;
    this.sorted = [6, 1];
    const headings = this.columns.map(([name, kind], n) => element("th", { scope: "col", class: kind },
      element("button", { type: "button", onclick: () => this.sort(n) }, name)));
    this.table.tHead.replaceChildren(element("tr", {}, ...headings));
    place.querySelector(".before").addEventListener("click", () => this.turn(-1));
    place.querySelector(".next").addEventListener("click", () => this.turn(1));
    this.show();
  }

  took(i) { return this.attempts.timed(i) ? (this.attempts.finish[i] - this.attempts.begin[i]) * this.attempts.tickS : -1; }

  sort(n) {
    const numbers = this.columns[n][1] === "n";
    const way = this.sorted[0] === n ? -this.sorted[1] : numbers ? -1 : 1;
    const values = Array.from({ length: this.attempts.count }, (_, i) => this.columns[n][2](i));
    this.order = this.order.slice().sort((a, b) => way * compared(values[a], values[b]) || a - b);
    this.sorted = [n, way];
    this.page = 0;
    this.show();
  }

  filter(found) { this.found = found; this.page = 0; this.show(); }
  turn(by) { this.page += by; this.show(); }

  show() {
    const rows = this.found ? this.order.filter((i) => this.found[i]) : this.order;
    const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
    this.page = Math.min(Math.max(0, this.page), last);
    const shown = rows.slice(this.page * PAGE, (this.page + 1) * PAGE);
    [...this.table.tHead.rows[0].cells].forEach((cell, n) => {
      if (n === this.sorted[0]) cell.setAttribute("aria-sort", this.sorted[1] > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    this.table.tBodies[0].replaceChildren(...Array.from(shown, (i) => element("tr", this.attempts.has_failed(i) ? { class: "bad" } : {},
      ...this.columns.map(([name, kind, value, text], n) => {
        const content = String((text ?? value)(i));
        if (name !== "rule") return element("td", { class: kind }, content);
        return element("td", {}, element("button", { type: "button", class: "link", onclick: () => this.reveal(i) }, content.trim() || "(no name)"));
      }))));
    const range = rows.length ? `${(this.page * PAGE + 1).toLocaleString("en")}–${(this.page * PAGE + shown.length).toLocaleString("en")} of ${plural(rows.length, "attempt")}` : "no attempt found";
    this.place.querySelector(".range").textContent = range;
    this.place.querySelector(".before").disabled = this.page === 0;
    this.place.querySelector(".next").disabled = this.page === last;
  }
}
