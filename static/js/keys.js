// Keys of the whole page. Single letters can be switched off, and never act while something is typed.
// `actions.letters` are the page's own.

import { find, findAll } from "./dom.js";

const STORED = "single keys";

function isTyping(target) {
  return target.closest?.("input:not([type=radio]):not([type=checkbox]):not([type=range]), select, textarea, [contenteditable]") !== null;
}

export function createKeys(actions) {
  const [panel, hints, single] = [find("#keys"), find("#key-hints"), find("#single-keys")];
  if (hints) hints.hidden = false;
  single.checked = localStorage.getItem(STORED) !== "off";
  single.addEventListener("change", () => localStorage.setItem(STORED, single.checked ? "on" : "off"));
  for (const button of findAll('[data-action="keys"]')) button.addEventListener("click", () => panel.showPopover());

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return actions.find();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
    if (event.key === "Escape") return actions.escape();
    if (isTyping(event.target) || find(":popover-open")) return;
    const act = { ...arrows(event), ...(single.checked ? letters : {}) }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  const letters = {
    n: actions.normalise,
    s: actions.sort,
    ...actions.letters,
    "[": () => actions.layer(-1),
    "]": () => actions.layer(1),
    "?": () => panel.showPopover(),
  };

  // Arrows belong to the radio, slider or list that has the focus; elsewhere they step through the maps.
  function arrows({ target }) {
    if (target.closest("input, [role=listbox], .tower, .big, .microscope-host")) return {};
    return { ArrowLeft: () => actions.map(-1), ArrowRight: () => actions.map(1) };
  }
}
