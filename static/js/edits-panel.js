// The numbers of one filter: a grid for the slice over one input channel, classic filters, the bias. Every number typed
// is an edit at once.

import { element } from "./dom.js";
import { FILTERS, edited, fits } from "./edits-kernels.js";
import { filled } from "./edits-address.js";
import { exactly, plain, typed } from "./edits-numbers.js";
import { signedName, table } from "./lut.js";

const MAGNITUDE = 1e6;

/** `trained(layer, channel)` promises {kernel, bias, inputs}; `editOf(place)` is what is edited there; `change(place, fields, how)`. */
export function createPanel(host, { trained, editOf, change, onClose }) {
  let [place, filter, slice, all] = [null, null, 0, true];
  let key = "";

  async function show(at) {
    const now = JSON.stringify([at.layer, at.channel]);
    if (now !== key) {
      [key, place, filter, slice] = [now, at, null, 0];
      host.replaceChildren(element("p", { class: "sm t2" }, `Kernel of ${at.layer} : ${at.channel}`));
      const loaded = await trained(at.layer, at.channel).catch((problem) => (host.replaceChildren(element("p", { class: "message error", role: "alert" }, `${problem.title}. ${problem.detail}`)), null));
      if (now !== key || !loaded) return;
      filter = loaded;
      build();
    }
    if (filter) write();
  }

  const size = () => [filter.kernel[0].length, filter.kernel[0][0].length];
  const current = () => edited(filter.kernel, editOf(place).kernel);

  function build() {
    const [height, width] = size();
    const slices = filter.kernel.length;
    const presets = Object.entries(FILTERS).map(([name, { title }]) => button(title, () => fill(name), { value: name, disabled: !fits(FILTERS[name], height, width) }));
    host.replaceChildren(
      element("header", { class: "kernel-head" }, element("h2", { class: "h" }, `Kernel of ${place.layer} : ${place.channel}`), element("span", { class: "sm t2" }, `${slices}×${height}×${width}`), element("span", { class: "grow" }), button("As trained", () => change(place, { kernel: null, bias: null })), button("×", onClose, { "aria-label": "Close the kernel" })),
      element("div", { class: "kernel-body" }, grid(height, width), element("div", { class: "kernel-side" }, sliceRow(slices), element("div", { class: "kernel-presets", role: "group", "aria-label": "Classic filters" }, ...presets), biasRow())),
    );
  }

  function button(text, act, attributes = {}) {
    const node = element("button", { type: "button", class: "btn light", ...attributes }, text);
    node.addEventListener("click", act);
    return node;
  }

  function numberField(attributes, onNumber) {
    const field = element("input", { type: "number", step: "any", min: -MAGNITUDE, max: MAGNITUDE, autocomplete: "off", ...attributes });
    field.addEventListener("focus", () => delete field.dataset.typed);
    field.addEventListener("input", () => {
      if (field.value === "" || !field.checkValidity()) return;
      // One step back undoes what was typed into a field, not its last digit.
      const how = field.dataset.typed ? "replace" : "push";
      field.dataset.typed = "1";
      onNumber(Number(field.value), how);
    });
    return field;
  }

  function grid(height, width) {
    const cells = Array.from({ length: height * width }, (_, at) => numberField({ class: "kernel-cell", "aria-label": `Row ${Math.floor(at / width)}, column ${at % width}` }, (value, how) => type(at, value, how)));
    const node = element("div", { class: "kernel-grid", role: "group", "aria-label": "Numbers of the slice" }, ...cells);
    node.style.gridTemplateColumns = `repeat(${width}, minmax(44px, 64px))`;
    return node;
  }

  function sliceRow(slices) {
    const box = element("input", { type: "checkbox", id: "kernel-all", ...(all ? { checked: true } : {}) });
    box.addEventListener("change", () => (all = box.checked));
    const field = element("input", { type: "number", id: "kernel-slice", min: 0, max: slices - 1, value: slice });
    field.addEventListener("input", () => {
      if (field.value === "" || !field.checkValidity()) return;
      slice = Number(field.value);
      write();
    });
    return element("div", { class: "kernel-row sm" }, element("label", { for: "kernel-slice" }, "Slice over input channel"), field, element("span", { class: "t2" }, `of 0 to ${slices - 1}`), element("label", { class: "check" }, box, "The same for all slices"));
  }

  function biasRow() {
    const field = numberField({ id: "kernel-bias", disabled: filter.bias === null }, (value, how) => change(place, { bias: exactly(value) }, how));
    return element("div", { class: "kernel-row sm" }, element("label", { for: "kernel-bias" }, "Bias"), field, element("span", { class: "t2", id: "kernel-bias-was" }, filter.bias === null ? "this layer has none" : `trained ${plain(filter.bias)}`));
  }

  const fill = (content, how = "push") => change(place, { kernel: filled(editOf(place).kernel, all ? null : slice, content) }, how);

  function type(at, value, how) {
    const numbers = current()[slice].flat().map(exactly);
    numbers[at] = exactly(value);
    fill(numbers, how);
  }

  // Writes the numbers that stand now; the field that is being typed into keeps its text.
  function write() {
    const numbers = current()[slice].flat();
    const most = numbers.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    host.querySelectorAll(".kernel-cell").forEach((cell, at) => {
      if (document.activeElement !== cell || !cell.dataset.typed) cell.value = typed(numbers[at]);
      cell.title = plain(numbers[at]);
      paint(cell, most === 0 ? 0 : numbers[at] / most);
    });
    const bias = host.querySelector("#kernel-bias");
    if (filter.bias !== null && (document.activeElement !== bias || !bias.dataset.typed)) bias.value = typed(editOf(place).bias ?? filter.bias);
  }

  return { show };
}

// A cell in the colour of its share of the largest number, with the ink that reads on it.
function paint(cell, share) {
  const at = 3 * Math.round(128 + 127 * share);
  const rgb = [...table(signedName()).rgb.slice(at, at + 3)];
  const [red, green, blue] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  cell.style.background = `rgb(${rgb.join(" ")})`;
  cell.style.color = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
