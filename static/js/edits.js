// Edit and see: maps switched off or scaled, kernels and biases replaced. Keeps the address, the run and the bar above
// the column in step; the numbers of a kernel are edited in `edits-panel.js`.

import { Problem, fetchJson, postJson, unitPath } from "./api.js";
import { drawMap } from "./atlas.js";
import { element, find, loadStyles, place, say, shapeElement } from "./dom.js";
import { FILTERS, edited } from "./edits-kernels.js";
import { editOf, parseEdits, withEdit, writeEdits } from "./edits-address.js";
import { plain } from "./edits-numbers.js";
import { tableFor } from "./lut.js";
import { loadSorts } from "./sorting.js";
import { shadeOf } from "./tone.js";

/**
 * `run` is the page's run as JSON; its id becomes that of the run with the edits, its `base` that of the run without
 * them while the change is shown. `onChange()` hears when the page is to be drawn again.
 */
export function createEdits({ run, model, store, layers, column, exact, blockOf, onChange }) {
  const [bar, host, switcher, scale, opener, explained] = ["#edit-bar", "#edit-panel", "#edit-off", "#edit-scale", "#edit-kernel", ".one-head h3"].map((id) => find(id));
  const base = run.id;
  const kernels = new Map();
  const before = new Map();
  const tiles = new Map();
  const past = [];
  let [list, reached, fault, asked, shown, scaled] = [[], [], null, 0, "", ""];
  let panel = null;
  const styles = loadStyles("edits");

  // The run becomes the one that the state asks for. A later wish makes an earlier one void.
  async function follow({ edits: text, diff, edit }) {
    const order = ++asked;
    await Promise.all([styles, edit && openPanel(), diff && loadSorts()]);
    try {
      const next = parseEdits(text);
      const made = next.length ? await postJson("/api/v1/runs", { ...recipe(), edits: await Promise.all(next.map(resolved)) }) : null;
      if (order !== asked) return;
      fault = null;
      swap(next, made, diff);
    } catch (problem) {
      if (order !== asked) return;
      fault = problem;
    }
    shown = "";
    onChange();
    const at = selected();
    if (edit && at?.op === "conv") await panel.show(at);
  }

  const recipe = () => ({ image: run.image, model: run.model, size: run.size, fit: run.fit });

  function swap(next, made, diff) {
    const after = (made?.layers ?? []).filter(({ edited: is }) => is).map(({ name }) => name);
    const [id, other] = [made?.id ?? base, made && diff ? base : null];
    const all = other !== run.base && !(other === null && !run.base);
    const changed = all ? run.layers.map(({ name }) => name) : id === run.id ? [] : [...new Set([...reached, ...after])];
    [list, reached] = [next, after];
    Object.assign(run, { id, base: other });
    layers.renew(changed);
    column.want();
    mark();
  }

  // An edit as the service takes it: the address may name a filter, the service wants its numbers.
  async function resolved({ layer, channel, scale: factor, bias, kernel }) {
    const edit = { layer, channel, ...(factor === null ? {} : { scale: factor }), ...(bias === null ? {} : { bias }) };
    if (!kernel) return edit;
    try {
      return { ...edit, kernel: edited((await trained(layer, channel)).kernel, kernel) };
    } catch (error) {
      throw error instanceof RangeError ? new Problem("This kernel does not fit", { detail: `${layer} : ${channel}. ${error.message}.` }) : error;
    }
  }

  // A filter as it was trained, {kernel, bias}: what the explanation of any of its values says.
  function trained(layer, channel) {
    const key = `${layer}:${channel}`;
    if (!kernels.has(key)) kernels.set(key, fetchJson(unitPath({ id: base }, layer, [channel, 0, 0], false)));
    kernels.get(key).catch(() => kernels.delete(key));
    return kernels.get(key);
  }

  const selected = () => {
    const { layer, map } = store.get();
    const block = blockOf(layer);
    return block && map !== null ? { layer: block.before, channel: map, op: block.op } : null;
  };

  function change(place_, changes, how = "push") {
    commit(writeEdits(withEdit(parseEdits(store.get().edits), place_, changes)), how);
  }

  function commit(text, how = "push") {
    const { edits, diff } = store.get();
    if (text === edits) return;
    if (how === "push") past.push(edits);
    store.set({ edits: text, diff: diff && text !== "" }, how);
  }

  function undo() {
    const text = past.pop() ?? writeEdits(parseEdits(store.get().edits).slice(0, -1));
    store.set({ edits: text, diff: store.get().diff && text !== "" });
  }

  const actions = {
    off: (place_) => change(place_, { scale: editOf(list, place_).scale === 0 ? null : 0 }),
    scale(place_, field) {
      if (field.value === "" || !field.checkValidity()) return void say("A scale is a number from −1,000 to 1,000");
      change(place_, { scale: Number(field.value) });
    },
    kernel(place_) {
      if (place_.op !== "conv") return void say(`${place_.layer} has no kernels to edit`);
      store.set({ edit: !store.get().edit });
    },
  };

  async function openPanel() {
    const { createPanel } = await import("./edits-panel.js");
    panel ??= createPanel(host, { trained, editOf: (place_) => editOf(list, place_), change, onClose: () => store.set({ edit: false }) });
  }

  // What depends on the selection and on the edits, written only where it changed.
  function show(state) {
    const at = selected();
    const edit = at ? editOf(list, at) : null;
    switcher.textContent = edit?.scale === 0 ? "Switch on" : "Switch off";
    const factor = `${at?.layer}:${at?.channel} ${edit?.scale ?? 1}`;
    if (factor !== scaled) scale.value = edit?.scale ?? 1;
    scaled = factor;
    opener.setAttribute("aria-pressed", String(state.edit));
    explained.textContent = state.diff ? "B's number explained" : "One number explained";
    const [closed, inside] = [!state.edit || at?.op !== "conv", host.contains(document.activeElement)];
    host.hidden = closed;
    if (closed && inside) opener.focus({ preventScroll: true });
    if (!host.hidden) panel?.show(at);
    const key = JSON.stringify([state.edits, state.diff, fault?.title]);
    if (key !== shown) showBar(state.diff);
    shown = key;
  }

  function showBar(diff) {
    bar.hidden = list.length === 0 && !fault;
    bar.className = "edit-bar";
    const button = (text, act, attributes = {}) => {
      const node = element("button", { type: "button", class: "btn light", ...attributes }, text);
      node.addEventListener("click", act);
      return node;
    };
    const message = fault && element("div", { class: "message error", role: "alert" }, element("span", { class: "grow" }, element("strong", {}, `${fault.title}.`), ` ${fault.detail}`));
    bar.replaceChildren(
      element("span", { class: "sm t2" }, "Edited"),
      element("ul", { class: "edit-chips" }, ...list.map((edit) => element("li", {}, ...chip(edit, button)))),
      element("span", { class: "grow" }),
      button("Difference", () => store.set({ diff: !store.get().diff }), { "aria-pressed": String(diff), title: "What the edits change, B − A, the most changed maps first" }),
      button("Undo", undo),
      button("Reset", () => commit("")),
      ...(message ? [message] : []),
    );
  }

  function chip(edit, button) {
    const name = `${edit.layer} : ${edit.channel}`;
    const words = wordsOf(edit);
    const open = button(`${name} ${words}`, () => goTo(edit), { title: `Show ${name}` });
    return [open, button("×", () => change(edit, { scale: null, bias: null, kernel: null }), { "aria-label": `Take back ${name} ${words}` })];
  }

  function goTo({ layer, channel }) {
    const block = blockOf(layer);
    store.set({ layer: block.name, map: channel, inspector: "open" });
    column.reveal(block.name, channel);
  }

  // A map that is switched off stands at a quarter of its strength under a diagonal, as it was before.
  function mark() {
    const { diff } = store.get();
    const off = diff ? [] : list.filter(({ scale: factor }) => factor === 0);
    const names = new Set(off.map(({ layer, channel }) => `${layer}:${channel}`));
    for (const [name, tile] of tiles) if (!names.has(name)) (tile.remove(), tiles.delete(name));
    for (const { layer, channel } of off) {
      const [name, wall] = [`${layer}:${channel}`, column.wall(blockOf(layer)?.name)];
      const where = wall?.placeOf(channel);
      if (!tiles.has(name)) tiles.set(name, tileOf(layer, channel, wall));
      const tile = tiles.get(name);
      tile.hidden = !where;
      if (where) place(tile, { ...where, width: wall.wall.tile, height: wall.wall.tall });
    }
  }

  function tileOf(layer, channel, wall) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const line = shapeElement("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none" }, shapeElement("path", { d: "M0 1L1 0" }));
    const tile = element("div", { class: "off-tile", "data-edit": `${layer}:${channel}` }, canvas, line);
    wall?.host.append(tile);
    const shownLayer = store.get().show === "before" ? blockOf(layer).before : blockOf(layer).after;
    asBefore(shownLayer, channel).then((map) => drawMap(canvas, map, 0, wall.wall.tile, shadeOf(map, 0, map.full[0], tableFor(store.get().colour, map.signed))), () => {});
    return tile;
  }

  function asBefore(layer, channel) {
    const key = `${layer}:${channel}`;
    if (!before.has(key)) before.set(key, exact.of(base, layer, channel).then((values) => quantised(values, run.layers.find(({ name }) => name === layer))));
    return before.get(key);
  }

  return { follow, show, mark, act: (kind, target) => actAt(kind, target) };

  function actAt(kind, target) {
    const at = selected();
    if (at) actions[kind](at, target);
  }
}

// One map of float32 as the walls hold theirs: a byte a value.
function quantised(values, { shape, signed }) {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [0, 0]);
  const full = signed ? Math.max(-low, high) : high;
  const bytes = Uint8Array.from(values, (value) => (full === 0 ? (signed ? 128 : 0) : signed ? 128 + Math.round((value / full) * 127) : Math.round((value / full) * 255)));
  return { signed, maps: 1, height: shape[1] ?? 1, width: shape[2] ?? 1, low: [low], high: [high], full: [full], bytes };
}

function wordsOf({ scale, bias, kernel }) {
  const parts = [];
  if (scale !== null) parts.push(scale === 0 ? "off" : `× ${plain(scale)}`);
  if (kernel) parts.push(kernelWords(kernel));
  if (bias !== null) parts.push(`bias ${plain(bias)}`);
  return parts.join(", ");
}

function kernelWords({ all, slices }) {
  const fills = [...(all === null ? [] : [all]), ...slices.values()];
  const named = fills.length === 1 && typeof fills[0] === "string" ? FILTERS[fills[0]]?.title : null;
  const where = all === null ? ` in ${slices.size === 1 ? `slice ${[...slices.keys()][0]}` : `${slices.size} slices`}` : "";
  return (named ?? "kernel by hand") + where;
}
