// The timeline: each attempt in a lane, its phases in the colours of their cost classes, and the actual path.

const TOP = 46; // the axis and the strip of the actual path, which do not scroll
const STRIP = 20;
const HIGHEST = 480;

class Timeline {
  constructor(place, attempts, path, view, ended) {
    Object.assign(this, { place, attempts, path, view, ended });
    this.canvas = place.querySelector("canvas");
    this.scroller = place.querySelector(".scroller");
    this.room = place.querySelector(".room");
    this.tip = place.querySelector(".tip");
    this.note = place.querySelector("[role=status]");
    this.found = null;
    this.with_path = true;
    this.by("slot");
    view.listeners.push(() => this.draw());
    view.attach(this.canvas);
    this.scroller.addEventListener("scroll", () => view.changed());
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.canvas.addEventListener("click", (event) => {
      const hit = this.at(event);
      if (hit?.attempt !== undefined) this.place.dispatchEvent(new CustomEvent("picked", { detail: hit.attempt }));
    });
    new ResizeObserver(() => view.changed()).observe(this.scroller);
  }

  /** Order the lanes: by slot, node or rule. */
  by(mode) {
    const { attempts } = this;
    const modes = {
      slot: [() => 0, () => ""],
      node: [(i) => attempts.node[i], (band) => (band === 0xffff ? "no node known" : attempts.nodes[band])],
      rule: [(i) => attempts.rule_of(i), (band) => band],
    };
    Object.assign(this, lanes_of(attempts, ...modes[mode]));
    this.mode = mode;
    const count = Math.max(1, this.lanes.length);
    this.lane = Math.max(1, Math.min(22, Math.floor((HIGHEST - TOP) / count)));
    this.height = Math.min(HIGHEST, TOP + count * this.lane + 2);
    this.room.style.height = `${TOP + count * this.lane + 2}px`;
    this.scroller.style.height = `${this.height}px`;
    this.scroller.scrollTop = 0;
    this.view.changed();
  }

  search(query) {
    this.found = this.attempts.matching(query);
    this.view.changed();
    return this.found;
  }

  get width() { return Math.max(50, (this.view.paper || this.scroller.clientWidth) - GUTTER); }
  x_of(tick) { return GUTTER + ((tick - this.view.from) / (this.view.to - this.view.from)) * this.width; }

  draw() {
    const began = performance.now();
    const { view, lane } = this, { width, height } = this;
    this.paint = colours(this.attempts.phases);
    const context = sharp(this.canvas, width + GUTTER, height);
    context.clearRect(0, 0, width + GUTTER, height);
    this.draw_lanes(context);
    draw_axis(context, view, width, TOP - 2, 10, this.paint);
    this.draw_strip(context);
    this.draw_names(context);
    if (lane >= 13) this.draw_labels(context);
    if (this.with_path) this.draw_path(context);
    if (lane >= 8) this.draw_failed(context);
    this.say();
    this.took = performance.now() - began;
  }

  /** Call *each* with the attempts in view, with their lane's top: a group before its members. */
  visible(each) {
    const { view, lane, attempts } = this, top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / lane));
    const last = Math.min(this.lanes.length, Math.ceil((top + this.height - TOP) / lane));
    for (let n = first; n < last; n++) {
      const own = this.lanes[n], y = TOP + n * lane - top;
      let low = 0, high = own.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (attempts.finish[own[middle]] < view.from) low = middle + 1;
        else high = middle;
      }
      for (; low < own.length && attempts.begin[own[low]] <= view.to; low++) {
        each(own[low], y);
        for (const i of this.members.get(own[low]) ?? []) each(i, y);
      }
    }
  }

  /** Paint the attempts as pixels: what is narrower than one shows what lies at its middle. */
  draw_lanes(context) {
    const { attempts, view, lane, paint, found } = this;
    const ratio = this.canvas.width / (this.width + GUTTER);
    const w = Math.round(this.width * ratio), h = Math.round((this.height - TOP) * ratio);
    if (w < 1 || h < 1) return;
    const image = context.createImageData(w, h), pixels = new Uint32Array(image.data.buffer);
    const plain = paint.phase.map((one) => pixel(one));
    const pale = paint.phase.map((one) => pixel(one, paint.ground, 0.82));
    const bad = pixel(paint.bad), ground = pixel(paint.ground), faint = pixel(paint.line);
    const scale = w / (view.to - view.from), gap = lane >= 5 ? Math.round(ratio) : 0;
    this.visible((i, y) => {
      const top = Math.max(0, Math.round((y - TOP) * ratio)), bottom = Math.min(h, Math.round((y - TOP + lane) * ratio) - gap);
      const of = found && !found[i] ? pale : plain;
      const fill = (from, to, colour) => {
        for (let row = top; row < bottom; row++) pixels.fill(colour, row * w + from, row * w + to);
      };
      const left = Math.round((attempts.begin[i] - view.from) * scale), right = Math.round((attempts.finish[i] - view.from) * scale);
      const sequence = attempts.sequences[attempts.sequence[i]], offset = attempts.offset[i];
      if (right <= left) {
        if (left >= 0 && left < w) fill(left, left + 1, of[this.longest(i)] ?? bad);
      } else {
        let moment = attempts.begin[i] - view.from;
        for (let k = attempts.first[i]; k < sequence.length; k++) {
          const next = moment + attempts.length[offset + k];
          const x0 = Math.max(0, Math.round(moment * scale)), x1 = Math.min(w, Math.round(next * scale));
          moment = next;
          if (x1 <= x0 || of[sequence[k]] === undefined) continue;
          fill(x0, x1, of[sequence[k]]);
          if (gap && x1 - x0 > 6 * ratio && x1 < right) fill(x1 - gap, x1, ground);
        }
      }
      if (attempts.is_open(i) && right > left) {
        const end = Math.min(w, right), wide = Math.min(Math.round(9 * ratio), Math.max(1, (right - left) >> 1));
        if (end > Math.max(0, right - wide)) fill(Math.max(0, right - wide), end, faint);
      }
      if (attempts.has_failed(i) && (!found || found[i])) {
        const end = Math.min(w, Math.max(1, right)), wide = Math.max(1, Math.round(2 * ratio));
        if (end > 0 && right >= 0 && right <= w + wide) fill(Math.max(0, end - wide), end, bad);
      }
    });
    context.putImageData(image, Math.round(GUTTER * ratio), Math.round(TOP * ratio));
  }

  longest(i) {
    const { attempts } = this, sequence = attempts.sequences[attempts.sequence[i]];
    let best = sequence[attempts.first[i]] ?? 0, most = -1;
    for (let k = attempts.first[i]; k < sequence.length; k++) {
      if (attempts.length[attempts.offset[i] + k] > most) { most = attempts.length[attempts.offset[i] + k]; best = sequence[k]; }
    }
    return best;
  }

  /** Draw the actual path in time, above the lanes. */
  draw_strip(context) {
    const { path, paint, view } = this;
    const y = TOP - STRIP - 4;
    context.fillStyle = paint.faint;
    context.textAlign = "right";
    context.fillText(this.ended ? "actual path" : "path so far", GUTTER - 8, y + STRIP / 2);
    let start = 0, drawn = GUTTER;
    for (let n = 0; n < path.count; n++) {
      const end = path.end[n];
      if (end > view.from && start < view.to) {
        const x0 = Math.max(GUTTER, this.x_of(start)), x1 = Math.min(GUTTER + this.width, this.x_of(end));
        if (x1 - drawn >= 0.5 || x1 - x0 >= 0.5) {
          context.fillStyle = paint.phase[path.phase[n]];
          context.fillRect(x0, y, Math.max(0.6, x1 - x0), STRIP);
          drawn = x1;
          if (x1 - x0 > 4) { context.fillStyle = paint.ground; context.fillRect(x1 - 0.5, y, 0.5, STRIP); }
          this.label(context, path.phase[n], x0, x1, y + STRIP / 2);
        }
      }
      start = end;
    }
  }

  /** Write a phase's name where there is room for it. */
  label(context, phase, x0, x1, y) {
    const text = this.attempts.phases[phase]?.name;
    if (!text || x1 - x0 < 30) return;
    if (context.measureText(text).width + 8 > x1 - x0) return;
    context.fillStyle = this.paint.on[phase];
    context.textAlign = "left";
    context.fillText(text, x0 + 4, y + 0.5);
  }

  /** Return [x, top, bottom] of the lines of the path that may cross a name. */
  lines_of_path() {
    if (!this.with_path) return [];
    const stretches = this.path_in_view(), lines = [];
    stretches.forEach(({ x0, x1, y }, n) => {
      lines.push([x0, y, y + this.lane], [x1, y, y + this.lane]);
      const before = stretches[n - 1];
      if (before && before.y !== y) lines.push([x0, Math.min(before.y, y), Math.max(before.y, y) + this.lane]);
    });
    return lines.length > 2000 ? [] : lines;
  }

  draw_labels(context) {
    const { attempts, view, lane, found } = this, lines = this.lines_of_path();
    context.save();
    context.beginPath();
    context.rect(GUTTER, TOP, this.width, this.height - TOP);
    context.clip();
    this.visible((i, y) => {
      if (found && !found[i]) return;
      const until = Math.min(attempts.has_failed(i) ? this.x_of(attempts.finish[i]) - 18 : Infinity, GUTTER + this.width, this.x_of(this.seen[i]));
      for (const [phase, begin, length] of attempts.segments(i).slice(attempts.first[i])) {
        const x0 = Math.max(GUTTER, this.x_of(begin)), x1 = Math.min(until, this.x_of(begin + length));
        if (x1 - x0 < 30 || begin + length <= view.from || begin >= view.to) continue;
        const [from, to] = widest(x0, x1, lines.filter(([x, top, bottom]) => top <= y && y < bottom && x0 < x && x < x1).map(([x]) => x));
        this.label(context, phase, from, to, y + lane / 2 - 0.5);
      }
    });
    context.restore();
  }

  /** Mark the end of each failed attempt: a bar, and a cross where there is room. */
  draw_failed(context) {
    const { attempts, lane, paint, found } = this;
    context.save();
    context.beginPath();
    context.rect(GUTTER, TOP, this.width, this.height - TOP);
    context.clip();
    context.textAlign = "right";
    this.visible((i, y) => {
      if (!attempts.has_failed(i) || (found && !found[i])) return;
      const x = this.x_of(attempts.finish[i]), wide = x - this.x_of(attempts.begin[i]);
      context.fillStyle = paint.bad;
      context.fillRect(x - 4, y, 4, lane - 1);
      if (wide < 24 || lane < 12) return;
      context.fillStyle = paint.ground;
      context.fillRect(x - 18, y + 3, 13, lane - 7);
      context.fillStyle = paint.bad;
      context.fillText("✕", x - 7, y + lane / 2);
    });
    context.restore();
  }

  draw_names(context) {
    const { paint, lane, height } = this, top = this.scroller.scrollTop;
    context.save();
    context.beginPath();
    context.rect(0, TOP, GUTTER + this.width, height - TOP);
    context.clip();
    context.textAlign = "right";
    for (const { lane: first, count, text } of this.titles) {
      const y = TOP + first * lane - top;
      if (y > height || y + count * lane < TOP) continue;
      if (this.titles.length > 1 && first) {
        context.fillStyle = paint.line;
        context.fillRect(0, Math.round(y) - 1, GUTTER + this.width, 1);
      }
      context.fillStyle = paint.faint;
      const middle = (Math.max(TOP, y) + Math.min(height, y + count * lane)) / 2;
      if (text) { if (count * lane >= 11) context.fillText(this.short(context, text), GUTTER - 8, middle); continue; }
      const every = Math.max(1, Math.ceil(14 / lane));
      for (let n = 0; n < count; n++) {
        if (n % every === 0 && y + n * lane > TOP - lane) context.fillText(`slot ${n + 1}`, GUTTER - 8, y + (n + 0.5) * lane);
      }
    }
    context.restore();
  }

  /** Return a name as long as the gutter has room for; the whole is in the facts of an attempt. */
  short(context, text) {
    if (context.measureText(text).width <= GUTTER - 14) return text;
    let kept = text.length;
    while (kept > 1 && context.measureText(`${text.slice(0, kept)}…`).width > GUTTER - 14) kept--;
    return `${text.slice(0, kept)}…`;
  }

  /** Return the stretches of the actual path in view that an attempt owns, each with its lane's top. */
  path_in_view() {
    const { path, lane, view } = this, top = this.scroller.scrollTop, found = [];
    let start = 0;
    for (let n = 0; n < path.count; n++) {
      const begin = start, row = known(path.row, n);
      let end = path.end[n];
      while (n + 1 < path.count && known(path.row, n + 1) === row) end = path.end[++n];
      start = end;
      const own = row === null ? -1 : this.of[row];
      if (own < 0 || end < view.from || begin > view.to) continue;
      found.push({ x0: this.x_of(begin), x1: this.x_of(end), y: TOP + own * lane - top });
    }
    return found;
  }

  /** Draw the actual path through the lanes: a frame around each stretch, and a line to the next.
   * Where the stretches are too narrow for that, a line along each. */
  draw_path(context) {
    const { paint, lane } = this, stretches = this.path_in_view(), trace = new Path2D();
    const right = GUTTER + this.width, seen = (x) => Math.min(right, Math.max(GUTTER, x));
    const mean = stretches.reduce((sum, one) => sum + seen(one.x1) - seen(one.x0), 0) / stretches.length;
    const linked = mean >= 10, framed = linked && lane >= 5;
    context.save();
    context.beginPath();
    context.rect(GUTTER, TOP, this.width, this.height - TOP);
    context.clip();
    let before = null;
    for (const one of stretches) {
      if (linked && before && before.y !== one.y) {
        trace.moveTo(before.x1, before.y + lane / 2);
        trace.lineTo(one.x0, before.y + lane / 2);
        trace.lineTo(one.x0, one.y + lane / 2);
      }
      if (framed) trace.rect(one.x0, one.y + 0.5, Math.max(1, one.x1 - one.x0), lane - 2);
      else {
        const y = linked ? one.y + lane / 2 : one.y + Math.min(2, lane / 2);
        trace.moveTo(one.x0, y);
        trace.lineTo(Math.max(one.x1, one.x0 + 0.5), y);
      }
      before = one;
    }
    context.lineJoin = "round";
    if (linked) {
      context.strokeStyle = paint.ground;
      context.lineWidth = framed ? 3.5 : 2.5;
      context.stroke(trace);
    }
    context.strokeStyle = paint.ink;
    context.lineWidth = framed ? 1.5 : linked ? 1 : Math.min(2.5, lane);
    context.stroke(trace);
    context.restore();
  }

  /** Say what of the picture is aggregated, and what a search found. */
  say() {
    const { view, attempts } = this;
    const per_pixel = ((view.to - view.from) * view.tickS) / this.width;
    const said = [`Shown: ${view.from ? duration(view.from * view.tickS) : 0} to ${duration(view.to * view.tickS)}`];
    if (attempts.count > 300) said.push(`a pixel is ${duration(per_pixel)}: of what is shorter, it shows what lies at its middle; zoom in for the rest`);
    const unseen = attempts.count - this.of.reduce((sum, one) => sum + (one >= 0), 0);
    if (unseen) said.push(`${plural(unseen, "attempt")} without times ${unseen === 1 ? "is" : "are"} only in the table`);
    if (this.of.some((one, i) => one >= 0 && attempts.is_open(i))) said.push("a pale end: in flight, its own end is not known");
    if (this.members.size) said.push("a group takes one lane, its members in it: of those at once, the one that ended last");
    if (this.room.offsetHeight > this.height) said.push(`${this.lanes.length.toLocaleString("en")} lanes: scroll for more`);
    this.note.textContent = said.join(" · ");
  }

  /** Return what is at a pointer: an attempt, or a segment of the actual path. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    if (x < GUTTER || x > GUTTER + this.width) return null;
    const tick = this.view.from + ((x - GUTTER) / this.width) * (this.view.to - this.view.from);
    if (y < TOP) {
      let low = 0, high = this.path.count;
      while (low < high) { const middle = (low + high) >> 1; if (this.path.end[middle] <= tick) low = middle + 1; else high = middle; }
      return y > TOP - STRIP - 6 && low < this.path.count ? { segment: low, x, y } : null;
    }
    const own = this.lanes[Math.floor((y - TOP + this.scroller.scrollTop) / this.lane)];
    if (!own) return null;
    const near = (2 / this.width) * (this.view.to - this.view.from);
    let best, distance = near;
    for (const i of own) {
      const away = Math.max(this.attempts.begin[i] - tick, tick - this.attempts.finish[i], 0);
      if (away <= distance) { best = i; distance = away; if (!away) break; }
    }
    if (best === undefined) return null;
    const inside = (i) => this.attempts.segments(i).some(([phase, begin, length]) => this.attempts.phases[phase] && begin <= tick && tick < begin + length);
    return { attempt: (this.members.get(best) ?? []).findLast(inside) ?? best, x, y, tick };
  }

  hover(event) {
    const hit = event.buttons ? null : this.at(event);
    this.tip.hidden = !hit;
    if (!hit) return;
    this.tip.replaceChildren(...(hit.attempt !== undefined ? facts_of(this.attempts, hit.attempt, hit.tick) : segment_facts(this, hit.segment)));
    const room = this.place.clientWidth, wide = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(hit.x + 14, room - wide - 4))}px`;
    this.tip.style.top = `${this.canvas.offsetTop - this.scroller.scrollTop + hit.y + 18}px`;
  }

  /** Show an attempt with some time around it. */
  reveal(i) {
    if (!this.attempts.timed(i)) return;
    const { begin, finish } = this.attempts, around = Math.max(finish[i] - begin[i], 1) * 0.6;
    this.scroller.scrollTop = Math.max(0, this.of[i] * this.lane - (this.height - TOP) / 2);
    this.view.show(begin[i] - around, finish[i] + around);
  }
}

/** Return the widest piece of a stretch that is cut at *cuts*. */
function widest(from, to, cuts) {
  const edges = [from, ...cuts.sort((a, b) => a - b), to];
  return edges.slice(1).map((edge, n) => [edges[n], edge]).reduce((a, b) => (b[1] - b[0] > a[1] - a[0] ? b : a));
}

/** Return a line of a list of facts. */
function fact(name, value, swatch = null) {
  const mark = swatch ? [element("i", { class: `swatch ${swatch}` })] : [];
  return element("div", { class: "fact" }, element("span", {}, ...mark, name), element("b", {}, value));
}

/** Return the facts of an attempt as elements; the segment at a moment is marked. */
function facts_of(attempts, i, tick = null) {
  const s = attempts.tickS;
  const heading = element("strong", {}, attempts.rule_of(i)), wildcards = attempts.wildcards(i);
  const facts = [heading, ...(wildcards ? [element("div", { class: "wildcards" }, wildcards)] : [])];
  const job = known(attempts.job, i), number = known(attempts.attempt, i), code = known(attempts.exit, i);
  const ended = code ? `, exit code ${code}` : known(attempts.signal, i) ? `, signal ${known(attempts.signal, i)}` : "";
  facts.push(fact([job === null ? "" : `job ${job}`, number > 1 ? `attempt ${number}` : ""].filter(Boolean).join(", ") || "group", attempts.status_of(i) + ended));
  const node = attempts.node_of(i), external = known(attempts.external, i);
  if (node) facts.push(fact("node", node));
  if (external !== null) facts.push(fact("external id", attempts.externals[external]));
  if (attempts.timed(i)) facts.push(fact(attempts.is_open(i) ? "since it was ready" : "from ready to finished", `${attempts.is_open(i) ? "≥ " : ""}${duration((attempts.finish[i] - attempts.start[i]) * s)}`));
  const sums = new Map(); // by phase: a label may recur
  for (const [phase, begin, length] of attempts.segments(i)) {
    const known = sums.get(phase) ?? { ticks: 0, here: false };
    known.ticks += length;
    known.here ||= tick !== null && begin <= tick && tick < begin + length;
    sums.set(phase, known);
  }
  for (const [phase, { ticks, here }] of sums) {
    const one = attempts.phases[phase];
    if (!one || !ticks) continue;
    const line = fact(one.name, ticks * s < 0.0005 ? "<0.001 s" : duration(ticks * s), one.cost_class);
    line.title = one.meaning;
    if (here) line.classList.add("here");
    facts.push(line);
  }
  const cpu = known(attempts.cpu_ms, i), threads = known(attempts.threads, i);
  const used = known(attempts.used_kb, i), asked = known(attempts.asked_kb, i), limit = known(attempts.asked_s, i);
  if (threads !== null) facts.push(fact("threads", `${threads}${cpu !== null ? `, ${duration(cpu / 1000)} of CPU` : ""}`));
  if (used !== null || asked !== null) facts.push(fact("memory", [used !== null ? `${attempts.memory(i)} used` : "use unknown", asked !== null ? `of ${size(asked * 1e3)} requested` : ""].filter(Boolean).join(" ")));
  if (limit !== null) facts.push(fact("time requested", duration(limit)));
  const line = known(attempts.line, i);
  if (line !== null) facts.push(fact("journal line", line.toLocaleString("en")));
  return facts;
}

/** Return the facts of a segment of the actual path as elements. */
function segment_facts(timeline, n) {
  const { attempts, path } = timeline, start = n ? path.end[n - 1] : 0, row = known(path.row, n), why = known(path.why, n);
  const phase = attempts.phases[path.phase[n]];
  const facts = [element("strong", {}, row === null ? "Snakemake itself" : attempts.name(row)),
    fact(phase.name, duration((path.end[n] - start) * attempts.tickS), phase.cost_class), element("div", { class: "wildcards" }, phase.meaning)];
  if (why !== null) facts.push(fact("unblocked by", path.whys[why]));
  return facts;
}
