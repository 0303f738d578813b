// Bookmarked maps: a strip of thumbnails above the layers, kept in the address.

import { drawMap } from "./atlas.js";
import { element, find, findAll, loadStyles } from "./dom.js";
import { tableFor } from "./lut.js";
import { referencesOf, shadeOf } from "./tone.js";

const SIDE = 28;

export async function createMarks({ store, column, blockOf, go }) {
  await loadStyles("marks");
  const strip = element("ul", { class: "marks", "aria-label": "Bookmarks" });
  find("#column-part").prepend(strip);

  const set = (marks) => store.set({ marks });
  const without = (mark) => store.get().marks.filter((other) => other !== mark);

  function itemOf(mark) {
    const [name, map] = mark.split(":");
    const jump = element("button", { type: "button", class: "jump" }, element("canvas", { "aria-hidden": "true", width: SIDE, height: SIDE }), `${name} : ${map}`);
    const drop = element("button", { type: "button", class: "drop-mark", "aria-label": `Let go of ${name} map ${map}` }, "×");
    jump.addEventListener("click", () => go(name, Number(map)));
    drop.addEventListener("click", () => (set(without(mark)), find("button", strip)?.focus()));
    return element("li", { "data-mark": mark }, jump, drop);
  }

  function paint(item, state) {
    const [name, map] = item.dataset.mark.split(":");
    const block = blockOf(name);
    const layer = block && column.data(block);
    const k = Number(map);
    item.classList.toggle("current", state.layer === block?.name && state.map === k);
    if (!layer || k >= layer.maps) return;
    drawMap(find("canvas", item), layer, k, SIDE, shadeOf(layer, k, referencesOf(layer, state, 0)(k), tableFor(state.colour, layer.signed), state));
  }

  return {
    toggle() {
      const { layer, map, marks } = store.get();
      const mark = `${layer}:${map ?? 0}`;
      set(marks.includes(mark) ? without(mark) : [...marks, mark]);
    },
    render() {
      const state = store.get();
      const kept = findAll("li", strip);
      if (kept.map((item) => item.dataset.mark).join() !== state.marks.join()) strip.replaceChildren(...state.marks.map(itemOf));
      strip.hidden = state.marks.length === 0;
      for (const item of strip.children) paint(item, state);
    },
  };
}
