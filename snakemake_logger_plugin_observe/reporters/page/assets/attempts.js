// The attempts: what each is called, when it was what, and in which lane of the timeline it is drawn.

class Attempts {
  constructor(columns, phases, tick) {
    Object.assign(this, columns);
    this.phases = phases;
    this.tickS = tick / 1e6;
    const waiting = phases.findIndex((one) => one.name === "slot_wait");
    this.offset = new Uint32Array(this.count + 1);
    this.begin = new Float64Array(this.count); // since it was selected
    this.finish = new Float64Array(this.count);
    this.first = new Uint8Array(this.count); // 1 where its first segment is the wait for a slot
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      const sequence = this.sequences[this.sequence[i]];
      this.offset[i] = at;
      let moment = this.start[i];
      this.first[i] = sequence[0] === waiting ? 1 : 0;
      this.begin[i] = this.first[i] ? moment + this.length[at] : moment;
      for (let k = 0; k < sequence.length; k++) moment += this.length[at + k];
      at += sequence.length;
      this.finish[i] = sequence.length ? moment : -1;
    }
    this.offset[this.count] = at;
    this.failed = this.statuses.map((one) => one === "failed" || one === "lost");
    this.open = this.statuses.map((one) => !["success", "failed", "cancelled", "lost", "cached"].includes(one));
  }

  timed(i) { return this.finish[i] >= 0; }

  rule_of(i) {
    const rule = known(this.rule, i);
    if (rule !== null) return this.rules[rule];
    const group = known(this.group, i);
    return group === null ? "(not described)" : `group ${this.groups[group].slice(0, 40)}`;
  }

  wildcards(i) { return this.labels[this.label[i]]; }
  name(i) { return `${this.rule_of(i)} ${this.wildcards(i)}`.trim(); }
  status_of(i) { return this.statuses[this.status[i]]; }
  node_of(i) { const node = known(this.node, i); return node === null ? null : this.nodes[node]; }
  has_failed(i) { return this.failed[this.status[i]]; }
  is_open(i) { return this.open[this.status[i]]; }

  /** Return the most memory that was used, marked where it is a bound; null if it is unknown. */
  memory(i) {
    const used = known(this.used_kb, i);
    return used === null ? null : `${["", "≤ ", "≥ "][this.bound[i]] ?? ""}${size(used * 1e3)}`;
  }

  /** Return [phase, first tick, length in ticks] of each segment. */
  segments(i) {
    const sequence = this.sequences[this.sequence[i]];
    let moment = this.start[i];
    return sequence.map((phase, k) => {
      const length = this.length[this.offset[i] + k], begin = moment;
      moment += length;
      return [phase, begin, length];
    });
  }

  /** Return the seconds of a cost class in an attempt; null if it has no phase of it. */
  seconds_of(i, cost_class) {
    let ticks = null;
    for (const [phase, , length] of this.segments(i)) {
      if (this.phases[phase]?.cost_class === cost_class) ticks += length;
    }
    return ticks === null ? null : ticks * this.tickS;
  }

  /** Return which attempts a search finds: every word, in rule, wildcards, node, status or ids. */
  matching(query) {
    const words = query.toLowerCase().split(/[\s,]+/).filter(Boolean);
    if (!words.length) return null;
    const found = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const external = known(this.external, i);
      const text = `${this.name(i)} ${this.status_of(i)} ${this.node_of(i) ?? ""} ${external === null ? "" : this.externals[external]} job=${known(this.job, i) ?? ""}`.toLowerCase();
      found[i] = words.every((word) => text.includes(word)) ? 1 : 0;
    }
    return found;
  }
}

/** A heap of numbers, the least first, ordered by a key of each. */
class Heap {
  constructor(key) { this.key = key; this.items = []; }
  get size() { return this.items.length; }
  get top() { return this.items[0]; }
  push(item) {
    const { items, key } = this;
    let at = items.push(item) - 1;
    while (at) {
      const above = (at - 1) >> 1;
      if (key(items[above]) <= key(item)) break;
      items[at] = items[above];
      at = above;
    }
    items[at] = item;
  }
  pop() {
    const { items, key } = this;
    const top = items[0], last = items.pop();
    if (items.length) {
      let at = 0;
      for (;;) {
        let below = 2 * at + 1;
        if (below >= items.length) break;
        if (below + 1 < items.length && key(items[below + 1]) < key(items[below])) below++;
        if (key(items[below]) >= key(last)) break;
        items[at] = items[below];
        at = below;
      }
      items[at] = last;
    }
    return top;
  }
}

/** Return lanes without overlaps: {lanes: [attempts by begin], titles: [{lane, text}], of: lane by attempt, members}.
 * A group takes one slot, so in a band of its own its *members* are in its lane: by group, in the order of their ends,
 * in which they are painted. So of several at once, the one that ended last is seen, as in the makespan. */
function lanes_of(attempts, band_of, title_of) {
  const bands = new Map(), members = new Map();
  for (let i = 0; i < attempts.count; i++) {
    if (!attempts.timed(i)) continue;
    const band = band_of(i), group = known(attempts.within, i);
    if (group !== null && attempts.timed(group) && band_of(group) === band) {
      if (!members.has(group)) members.set(group, []);
      members.get(group).push(i);
      continue;
    }
    if (!bands.has(band)) bands.set(band, []);
    bands.get(band).push(i);
  }
  const lanes = [], titles = [], of = new Int32Array(attempts.count).fill(-1), seen = Float64Array.from(attempts.finish);
  const title = (band) => title_of(band) ?? "";
  for (const band of [...bands.keys()].sort((a, b) => title(a).localeCompare(title(b), "en", { numeric: true }))) {
    const base = lanes.length;
    const ends = [];
    const busy = new Heap((lane) => ends[lane]), free = new Heap((lane) => lane);
    for (const i of bands.get(band).sort((a, b) => attempts.begin[a] - attempts.begin[b])) {
      while (busy.size && ends[busy.top] <= attempts.begin[i]) free.push(busy.pop());
      const lane = free.size ? free.pop() : ends.length;
      if (lane === ends.length) { ends.push(0); lanes.push([]); }
      ends[lane] = attempts.finish[i];
      busy.push(lane);
      lanes[base + lane].push(i);
      of[i] = base + lane;
    }
    titles.push({ lane: base, count: ends.length, text: title(band) });
  }
  for (const [group, own] of members) {
    own.sort((a, b) => attempts.finish[a] - attempts.finish[b] || b - a);
    let until = Infinity; // a member is seen until one that ended later began
    for (const i of own.toReversed()) {
      of[i] = of[group];
      seen[i] = Math.min(seen[i], until);
      until = Math.min(until, attempts.begin[i]);
    }
  }
  return { lanes, titles, of, members, seen };
}
