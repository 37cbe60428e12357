// The theme of the page, on the screen and on paper.

/** Let the button change between the light and the dark theme. */
function theme() {
  const root = document.documentElement, button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const redraw = () => window.observed?.view.changed();
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.hidden = false;
  name();
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); redraw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { name(); redraw(); });
}

const PAPER = 690; // what A4 and Letter have between their margins

/** Print in the light theme, with every part open, and pictures as wide as the paper. */
function on_paper(view) {
  const root = document.documentElement;
  let before, opened = [];
  const redraw = () => view.listeners.forEach((one) => one());
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    view.paper = PAPER;
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
    redraw();
  });
  window.addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    for (const one of opened) one.open = false;
    view.paper = 0;
    redraw();
  });
}
