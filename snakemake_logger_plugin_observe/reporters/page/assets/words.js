// Durations, sizes and names as text, as words.py writes them; and elements made of text alone.

/** Return seconds with their units: 0.410 s, 12.3 s, 2 min 04 s. */
function duration(s) {
  for (const [limit, places] of [[1, 3], [10, 2], [60, 1]]) {
    if (Number(s.toFixed(places)) < limit) return `${s.toFixed(places)} s`;
  }
  const whole = Math.round(s), minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60).toLocaleString("en")} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Return a moment since the start, as short as the distance of two moments allows. */
function since(s, step) {
  if (step < 1) return `${s.toFixed(step < 0.01 ? 3 : step < 0.1 ? 2 : 1)} s`;
  const whole = Math.round(s), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, rest = whole % 60;
  if (h) return `${h}:${String(m).padStart(2, "0")}${step < 60 ? `:${String(rest).padStart(2, "0")}` : " h"}`;
  if (m || step >= 60) return `${m}:${String(rest).padStart(2, "0")} min`;
  return `${rest} s`;
}

/** Return bytes in decimal units. */
function size(bytes) {
  for (const [unit, limit] of [["B", 1e3], ["kB", 1e6], ["MB", 1e9], ["GB", 1e12]]) {
    if (bytes < limit) {
      const amount = (bytes / limit) * 1000;
      return `${amount < 10 && unit !== "B" ? amount.toFixed(1) : amount.toFixed(0)} ${unit}`;
    }
  }
  return `${(bytes / 1e12).toFixed(1)} TB`;
}

/** Return the share as a whole percentage; <1 if it is small but not zero. */
function percent(part, whole) {
  if (!whole || !part) return "0 %";
  const share = (100 * part) / whole;
  return share <= 0.5 ? "<1 %" : `${share.toFixed(0)} %`;
}

/** Return a number with so many places, its thousands apart. */
function grouped(number, places) {
  return number.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Return a number with its noun. */
function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Return a new element; *content* is text or elements, and never markup. */
function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...content);
  return made;
}
