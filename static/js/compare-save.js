// What is taken away from a comparison: the link, the three maps as one picture, the layers as CSV. Loaded when the
// first is asked for.

import { drawOne } from "./compare-draw.js";
import { colour, element, say } from "./dom.js";
import { number, percent } from "./format.js";
import { absolute, copy, download } from "./save.js";

const COLUMNS = ["name", "partner", "state", "equal", "relative", "norm", "max_abs"];
const [SIDE, SPACE, HEAD, FOOT] = [280, 16, 44, 28];

// `now()` gives the page's view and all layers' numbers as they stand.
export function createSave(store, { a, b }, now) {
  // A, B and B − A of the selected map with what they are, at whole factors.
  function picture(view) {
    const canvas = element("canvas", { width: 3 * SIDE + 4 * SPACE, height: HEAD + SIDE + FOOT });
    const context = canvas.getContext("2d");
    context.fillStyle = colour("--bg");
    context.fillRect(0, 0, canvas.width, canvas.height);
    const text = (words, x, y, weight = 400, size = 13) => {
      context.font = `${weight} ${size}px ${colour("--sans")}`;
      context.fillStyle = colour("--text");
      context.fillText(words, x, y);
    };
    const change = view.byMap?.get(view.map);
    text(`${view.name} : ${view.map}${change?.relative == null ? "" : `, changed by ${percent(change.relative)}`}`, SPACE, 18, 600);
    const ends = [view.reference(view.map), view.reference(view.map), view.changed(view.map)].map((value) => number(value, value >= 100 ? 0 : 3));
    [`A  ${a.name}`, `B  ${b.name}`, "B − A"].forEach((name, index) => {
      const left = SPACE + index * (SIDE + SPACE);
      text(name, left, 38, 400, 11.5);
      const tile = element("canvas");
      drawOne(tile, view.layers[index], view.map, SIDE, view.shades[index](view.map));
      context.drawImage(tile, left, HEAD);
      text(index < 2 && !view.signed ? `0 to ${ends[index]}` : `−${ends[index]} to +${ends[index]}`, left, HEAD + SIDE + 18, 400, 11.5);
    });
    return canvas;
  }

  function saveFigure() {
    const { view } = now();
    if (!view?.layers.every(Boolean) || view.map === null) return say("There is no difference to save yet");
    picture(view).toBlob((blob) => download(blob, `${view.name}-${view.map}-compared.png`));
  }

  function saveCsv() {
    const { overview } = now();
    if (!overview) return say("The layers are still being compared");
    const rows = [overview.input, ...overview.layers].map(({ move, ...layer }) => [...COLUMNS.map((name) => layer[name]), ...(move?.cells ?? [])]);
    const lines = rows.map((row) => row.map((value) => value ?? "").join(","));
    const head = [...COLUMNS, "cells_down", "cells_right"].join(",");
    download(new Blob([[head, ...lines, ""].join("\n")], { type: "text/csv" }), "layers.csv");
  }

  return {
    "copy-link": () => copy(absolute(`/compare${store.address()}`), "Link"),
    "save-figure": saveFigure,
    "save-csv": saveCsv,
  };
}
