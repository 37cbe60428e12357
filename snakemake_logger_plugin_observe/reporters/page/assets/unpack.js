// Takes apart the columns that packing.py has packed.

/** Return the bytes of a deflated, base64 text. */
async function inflated(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return a column of numbers, each of so many bytes. */
async function numbers(text, width = 4) {
  const bytes = await inflated(text);
  if (width === 1) return bytes;
  const count = bytes.length / width;
  const column = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  for (let byte = 0; byte < width; byte++) {
    const shift = 8 * byte, plane = byte * count;
    for (let i = 0; i < count; i++) column[i] |= bytes[plane + i] << shift;
  }
  return column;
}

/** Return a column of texts. */
async function texts(text) {
  return JSON.parse(new TextDecoder().decode(await inflated(text)));
}

const WIDTHS = { rule: 2, group: 2, status: 1, node: 2, attempt: 2, exit: 2, signal: 1, bound: 1, threads: 2, phase: 1 };
const TEXTS = new Set(["labels", "externals", "whys"]);

/** Return *packed* with its columns as arrays; what is no column stays as it is. */
async function unpacked(packed) {
  const entries = await Promise.all(Object.entries(packed).map(async ([name, value]) => {
    if (typeof value !== "string" || name === "slot_kind") return [name, value];
    return [name, TEXTS.has(name) ? await texts(value) : await numbers(value, WIDTHS[name] ?? 4)];
  }));
  return Object.fromEntries(entries);
}

/** Return a number of a column, or null where it is unknown. */
function known(column, i) {
  const unknown = column.BYTES_PER_ELEMENT === 4 ? 0xffffffff : column.BYTES_PER_ELEMENT === 2 ? 0xffff : 0xff;
  return column[i] === unknown ? null : column[i];
}
