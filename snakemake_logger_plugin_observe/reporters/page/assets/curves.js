// How many submissions were ready, queued and running over time, under the timeline and in its time.
// Drawn here rather than by a library, so that both pictures share one axis and one zoom.

const CURVES = [["ready", "limits"], ["queued", "queue"], ["running", "compute"]];
const CURVES_HIGH = 170;

class Curves {
  constructor(place, steps, view, phases) {
    Object.assign(this, { place, steps, view, phases });
    this.canvas = place.querySelector("canvas");
    this.tip = place.querySelector(".tip");
    view.listeners.push(() => this.draw());
    view.attach(this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  get width() { return Math.max(50, (this.view.paper || this.place.clientWidth) - GUTTER); }

  /** Return the last step at or before a moment, or -1. */
  step_at(tick) {
    let low = 0, high = this.steps.at.length;
    while (low < high) { const middle = (low + high) >> 1; if (this.steps.at[middle] <= tick) low = middle + 1; else high = middle; }
    return low - 1;
  }

  draw() {
    const { steps, view, width } = this, height = CURVES_HIGH, bottom = height - 8, top = 26;
    const paint = colours(this.phases), context = sharp(this.canvas, width + GUTTER, height);
    context.clearRect(0, 0, width + GUTTER, height);
    draw_axis(context, view, width, bottom, 10, paint);
    const first = Math.max(0, this.step_at(view.from)), last = Math.max(0, this.step_at(view.to));
    let most = 1;
    for (const [name] of CURVES) for (let n = first; n <= last; n++) most = Math.max(most, steps[name][n] ?? 0);
    const limit = steps.slots !== null && steps.slots <= 3 * most ? steps.slots : null;
    most = Math.max(most, limit ?? 0);
    const y_of = (count) => bottom - (count / (most * 1.06)) * (bottom - top);
    this.draw_scale(context, paint, most, y_of);
    const x_of = (tick) => GUTTER + ((tick - view.from) / (view.to - view.from)) * width;
    context.save();
    context.beginPath();
    context.rect(GUTTER, 0, width, height);
    context.clip();
    CURVES.forEach(([name, cost_class], order) => {
      context.strokeStyle = paint.of(cost_class);
      context.lineWidth = 2;
      context.setLineDash([[], [6, 3], []][order]);
      context.beginPath();
      let y = y_of(steps[name][first] ?? 0);
      context.moveTo(x_of(Math.max(view.from, steps.at[first] ?? 0)), y);
      for (let n = first + 1; n <= last && steps.at[n] < view.end; n++) {
        const x = x_of(steps.at[n]);
        context.lineTo(x, y);
        y = y_of(steps[name][n]);
        context.lineTo(x, y);
      }
      context.lineTo(x_of(Math.min(view.to, view.end)), y);
      context.stroke();
    });
    context.setLineDash([]);
    if (limit !== null) {
      context.strokeStyle = paint.ink;
      context.lineWidth = 1;
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(GUTTER, y_of(limit));
      context.lineTo(GUTTER + width, y_of(limit));
      context.stroke();
      context.setLineDash([]);
      const text = `--${steps.slot_kind} ${limit}`, wide = context.measureText(text).width + 6;
      context.fillStyle = paint.ground;
      context.fillRect(GUTTER + width - wide - 2, y_of(limit) - 15, wide, 13);
      context.fillStyle = paint.ink;
      context.textAlign = "right";
      context.fillText(text, GUTTER + width - 4, y_of(limit) - 8);
    }
    context.restore();
  }

  draw_scale(context, paint, most, y_of) {
    const step = [1, 2, 5].flatMap((one) => [1, 10, 100, 1e3, 1e4, 1e5].map((ten) => one * ten)).sort((a, b) => a - b).find((one) => most / one <= 4) ?? most;
    context.textAlign = "right";
    for (let count = 0; count <= most; count += step) {
      context.fillStyle = paint.faint;
      context.fillText(count.toLocaleString("en"), GUTTER - 8, y_of(count));
      context.fillStyle = paint.line;
      context.fillRect(GUTTER, Math.round(y_of(count)), this.width, 1);
    }
  }

  hover(event) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left;
    const tick = this.view.from + ((x - GUTTER) / this.width) * (this.view.to - this.view.from), n = this.step_at(tick);
    this.tip.hidden = x < GUTTER || n < 0 || event.buttons > 0;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(element("strong", {}, `${duration(tick * this.view.tickS)} after the start`),
      ...CURVES.map(([name, cost_class]) => fact(name, this.steps[name][n].toLocaleString("en"), cost_class)));
    this.tip.style.left = `${Math.max(0, Math.min(x + 14, this.place.clientWidth - this.tip.offsetWidth - 4))}px`;
    this.tip.style.top = "30px";
  }
}
