// What can be taken away from a comparison: the link, the three maps as one picture, B − A as npy, the layers as CSV.

import { drawOne } from "./compare-draw.js";
import { colour, element, find, findAll, say } from "./dom.js";
import { number, percent } from "./format.js";
import { absolute, copy, download } from "./save.js";

const [SIDE, SPACE, HEAD, FOOT] = [280, 16, 44, 28];

export function createSave(store, { a, b }, pair) {
  const [npy, openA, openB] = ["#save-npy", "#open-a", "#open-b"].map((id) => find(id));
  let view = null;
  let overview = null;

  // A, B and B − A of the selected map with what they are, at whole factors.
  function picture() {
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
    if (!view?.layers.every(Boolean) || view.map === null) return say("There is no difference to save yet");
    picture().toBlob((blob) => download(blob, `${view.name}-${view.map}-compared.png`));
  }

  function saveCsv() {
    if (!overview) return say("The layers are still being compared");
    const rows = [overview.input, ...overview.layers].map(({ name, partner, state, equal, relative, norm, max_abs, move }) => [name, partner, state, equal, relative, norm, max_abs, move?.cells?.[0], move?.cells?.[1]].map((value) => value ?? "").join(","));
    const text = ["layer,partner,state,equal,relative,norm,max_abs,cells_down,cells_right", ...rows, ""].join("\n");
    download(new Blob([text], { type: "text/csv" }), "layers.csv");
  }

  const actions = { "copy-link": () => copy(absolute(`/compare${store.address()}`), "Link"), "save-figure": saveFigure, "save-csv": saveCsv };
  for (const [name, act] of Object.entries(actions)) {
    for (const button of findAll(`[data-action="${name}"]`)) {
      button.hidden = false;
      button.addEventListener("click", act);
    }
  }

  function explorerLink({ run }, layer, map, cell) {
    const query = new URLSearchParams({ image: run.image, model: run.model_name });
    if (run.size) query.set("size", run.size);
    if (run.fit !== "crop") query.set("fit", run.fit);
    if (layer) query.set("layer", layer);
    if (map !== null) query.set("map", map);
    if (map !== null && cell) [["y", cell[0]], ["x", cell[1]]].forEach(([name, value]) => query.set(name, value));
    return `/?${query}`;
  }

  return {
    render(next, layers, align) {
      [view, overview] = [next, layers];
      const { cell, map, row } = next;
      openA.href = explorerLink(a, row?.layer, map, cell);
      openB.hidden = !b || b.run.edits.length > 0;
      if (b) openB.href = explorerLink(b, row?.partner, map, cell && next.by ? [Math.max(0, cell[0] + next.by[0]), Math.max(0, cell[1] + next.by[1])] : cell);
      npy.hidden = !b || !row || map === null;
      if (!npy.hidden) {
        npy.href = `${pair.differencePath(row.layer, align, "npy")}&map=${map}`;
        npy.download = `${row.layer}-${map}-difference.npy`;
      }
    },
  };
}
