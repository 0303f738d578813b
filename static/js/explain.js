// Opens the microscope over the explorer's page and closes it again; loaded when a number is first explained.

import { shownLayer } from "./column.js";
import { find, findAll } from "./dom.js";
import { signedName, table } from "./lut.js";

// Gives `explain(state)`, which brings the page to what the state says.
export function createExplainer({ data, store, blockOf, history }) {
  let asked = 0;
  let microscope = null;

  return async function explain({ explain: open, layer, map, y, x }) {
    const host = find("#microscope");
    const order = ++asked;
    const wasOpen = microscope !== null;
    microscope?.close();
    microscope = null;
    host.hidden = !open;
    find("#app").inert = open;
    if (!open) {
      if (wasOpen) findAll('[data-action="explain"]').find((button) => button.checkVisibility())?.focus({ preventScroll: true });
      return;
    }
    const { openMicroscope } = await import("./microscope.js");
    if (order !== asked) return;
    microscope = openMicroscope(host, {
      run: data.run, model: data.model, image: data.image, layer: shownLayer(blockOf(layer), store.get()), channel: map ?? 0, y: y ?? 0, x: x ?? 0,
      lut: (name) => table(name).rgb,
      signedLut: () => table(signedName()).rgb,
      onMove: (to) => blockOf(to.layer) && store.set({ layer: blockOf(to.layer).name, map: to.channel, y: to.y ?? 0, x: to.x ?? 0 }, history("step")),
      slide: store.get().slide,
      onSlide: (slide) => store.set({ slide }),
      onClose: () => store.set({ explain: false, slide: false }),
    });
  };
}
