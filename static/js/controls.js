// The view panel's controls, bound to the state both ways. Knows no layer.

import { find, findAll } from "./dom.js";
import { paintScale } from "./lut.js";

const STATE_CONTROLS = ["show", "colour", "norm", "sort", "tile", "hist"];
const RANGES = { clip: " %", blend: " %", gamma: "", overlay: " %" };

// `refit(fit)` is asked for when the photo is to be fitted otherwise: that is another run. `fixedRange()` gives the
// range to start from, `sortBy(sort)` orders the maps.
export function bindControls(store, { refit, fixedRange, sortBy }) {
  const form = find("#view-form");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (target.type === "range") store.set({ [target.name]: Number(target.value) }, "replace");
  });
  // A control may stand elsewhere on the page and belong to the form.
  addEventListener("change", ({ target }) => {
    if (target.form !== form) return;
    if (target.name === "fit") refit(target.value);
    else if (target.name === "norm" && target.value === "fixed" && store.get().high === null) store.set({ norm: "fixed", ...fixedRange() });
    else if (target.name === "sort") sortBy(target.value);
    else if (target.type === "number") store.set({ [target.name]: target.value === "" ? null : Number(target.value) });
    else if (target.name === "pin") store.set({ pin: target.checked });
    else if (target.name === "dead") store.set({ dead: target.checked ? "hide" : "show" });
    else if (STATE_CONTROLS.includes(target.name)) store.set({ [target.name]: target.value });
  });

  return function show(state) {
    document.body.dataset.show = state.show;
    for (const name of [...STATE_CONTROLS, "fit"]) {
      const control = form.elements[name];
      if (control) control.value = state[name];
    }
    form.elements.dead.checked = state.dead === "hide";
    form.elements.pin.checked = state.pin;
    form.dataset.norm = state.norm;
    for (const name of ["low", "high"]) form.elements[name].value = state[name] ?? "";
    for (const [name, unit] of Object.entries(RANGES)) {
      form.elements[name].value = state[name];
      find(`#${name}-value`).textContent = `${state[name]}${unit}`;
    }
  };
}

// The colour map in use beside its choice. The page's own choice goes by the map's name; the same map is not offered twice.
export function showColour(table, automatic, chosen) {
  paintScale(find("#swatch"), table);
  for (const option of find("#control-colour").options) {
    if (option.value === "auto") option.textContent = automatic.name;
    else option.hidden = option.value === automatic.name && chosen !== option.value;
  }
}

// Parts that open and close over the page: the view drawer, the phone's sheet, menus.
export function bindPanels({ onLayout }) {
  const [panel, sheet, handle] = ["#view-panel", "#inspector", "#sheet-handle"].map((id) => find(id));
  const toggles = findAll("#open-view, #toggle-view");
  const setOpen = (open) => {
    panel.classList.toggle("open", open);
    for (const button of toggles) button.setAttribute("aria-expanded", String(open));
    onLayout();
  };
  for (const button of toggles) {
    button.hidden = false;
    button.addEventListener("click", () => setOpen(!panel.classList.contains("open")));
  }
  const setFull = (full) => {
    sheet.classList.toggle("full", full);
    handle.setAttribute("aria-expanded", String(full));
  };
  addEventListener("click", ({ target }) => {
    for (const menu of findAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
    if (panel.classList.contains("open") && !target.closest("#view-panel, #open-view, #toggle-view")) setOpen(false);
  });
  return {
    bind: (bindHandle) => bindHandle(handle, sheet, setFull),
    // Closes the topmost open part; says whether there was one.
    close() {
      const menu = find("details.menu[open]");
      if (menu) return (menu.open = false), find("summary", menu).focus(), true;
      if (panel.classList.contains("open")) return setOpen(false), true;
      if (sheet.classList.contains("full")) return setFull(false), true;
      return false;
    },
  };
}
