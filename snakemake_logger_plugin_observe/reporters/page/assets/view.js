// The stretch of time that the timeline and the curves show together, and how it is moved.

const GUTTER = window.innerWidth < 560 ? 72 : 104; // pixels left of both pictures, for names and numbers
const STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
  1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800];

class View {
  constructor(end, tickS) {
    this.end = Math.max(1, end);
    this.tickS = tickS;
    this.from = 0;
    this.to = this.end;
    this.listeners = [];
    this.paper = 0; // pixels that a sheet of paper is wide, while it is printed
  }

  show(from, to) {
    const least = Math.min(this.end, 20);
    let length = Math.min(Math.max(to - from, least), this.end);
    let begin = Math.min(Math.max(0, from), this.end - length);
    if (begin === this.from && begin + length === this.to) return;
    this.from = begin;
    this.to = begin + length;
    this.changed();
  }

  changed() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      for (const listener of this.listeners) listener();
    });
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  pan(ticks) { this.show(this.from + ticks, this.to + ticks); }
  all() { this.show(0, this.end); }

  /** Return the distance of two moments of the axis, in seconds. */
  step(width) {
    const least = (((this.to - this.from) * this.tickS) / width) * 90;
    return STEPS_S.find((one) => one >= least) ?? Math.ceil(least / 604800) * 604800;
  }

  /** Let a canvas be moved by mouse, touch and keys. */
  attach(canvas) {
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      const share = (event.clientX - box.left - GUTTER) / (box.width - GUTTER);
      return this.from + Math.min(1, Math.max(0, share)) * (this.to - this.from);
    };
    canvas.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        event.preventDefault();
        this.zoom(Math.exp(Math.sign(event.deltaY) * 0.25), at(event));
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        this.pan((event.deltaX / (canvas.clientWidth - GUTTER)) * (this.to - this.from));
      }
    }, { passive: false });
    let last = null;
    canvas.addEventListener("pointerdown", (event) => { last = event.clientX; });
    canvas.addEventListener("pointermove", (event) => {
      if (last === null || !(event.buttons & 1)) return;
      if (!canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
      this.pan(((last - event.clientX) / (canvas.clientWidth - GUTTER)) * (this.to - this.from));
      last = event.clientX;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
    canvas.addEventListener("dblclick", (event) => this.zoom(0.5, at(event)));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const length = this.to - this.from;
      const keys = {
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.all(),
        ArrowLeft: () => this.pan(-length / 5), ArrowRight: () => this.pan(length / 5),
        Home: () => this.show(0, length), End: () => this.show(this.end - length, this.end),
      };
      if (!(event.key in keys)) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}

/** The page's colours as they are now: a theme or a printer may change them. */
function colours(phases) {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: of("ground"), ink: of("ink"), faint: of("faint"), line: of("line"), bad: of("bad"), of,
    phase: phases.map((one) => of(one.cost_class)),
    on: phases.map((one) => of(`on-${one.cost_class}`)),
  };
}

/** Return #rrggbb as a pixel of image data, mixed with *other* by *share*. */
function pixel(colour, other = colour, share = 0) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(part(colour, at) * (1 - share) + part(other, at) * share));
  return (255 << 24) | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0];
}

/** Make a canvas as sharp as the screen, and return its context in CSS pixels. */
function sharp(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  return context;
}

/** Draw the axis of time: lines over the whole height, and moments at *top*. */
function draw_axis(context, view, width, height, top, paint) {
  const step = view.step(width), ticks = step / view.tickS;
  context.fillStyle = paint.faint;
  context.strokeStyle = paint.line;
  context.lineWidth = 1;
  context.textAlign = "center";
  for (let n = Math.ceil(view.from / ticks); n * ticks <= view.to; n++) {
    const x = GUTTER + ((n * ticks - view.from) / (view.to - view.from)) * width;
    context.beginPath();
    context.moveTo(Math.round(x) + 0.5, top + 9);
    context.lineTo(Math.round(x) + 0.5, height);
    context.stroke();
    if (x < GUTTER + width - 22) context.fillText(since(n * step, step), Math.max(x, GUTTER + 12), top);
  }
}
