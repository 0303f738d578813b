// What can be taken away: the map as a picture, the arrays, figures, and the words that fetch the same elsewhere.
// Loaded when the first is asked for.

import { layerPath, runPath, shownPath } from "./api.js";
import { element, find, say } from "./dom.js";
import { tableFor } from "./lut.js";
import { commandText, curlText, pythonText } from "./save-text.js";

// The clipboard's interface exists only on https and localhost; elsewhere a selection is copied.
export async function copy(text, what) {
  const done = (await navigator.clipboard?.writeText(text).then(() => true, () => false)) || copySelected(text);
  say(done ? `${what} copied` : text);
}

function copySelected(text) {
  const area = element("textarea", { class: "vh", readonly: true }, text);
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function download(blob, name) {
  fetchTo(URL.createObjectURL(blob), name);
}

function fetchTo(href, name) {
  const anchor = element("a", { href, download: name });
  anchor.click();
  if (href.startsWith("blob:")) URL.revokeObjectURL(href);
}

export const absolute = (path) => new URL(path, location.origin).href;

// How the page colours the selection, as far as the service's pictures can.
const look = ({ layer, state }) => ({ colormap: tableFor(state.colour, layer.signed).name, normalize: state.norm === "map" ? "map" : "layer" });

export function createSave({ run, model, image, store, inspector }) {
  const link = () => absolute(`/${store.address()}`);
  const file = ({ name, k }, ending) => `${name}-${k}${run.base ? "-difference" : ""}.${ending}`;
  const query = (chosen) => new URLSearchParams(look(chosen)).toString();

  const actions = {
    "save-png": (chosen) => inspector.canvas().toBlob((blob) => download(blob, file(chosen, "png"))),
    "save-npy": (chosen) => fetchTo(shownPath(run, chosen.name, `format=npy&map=${chosen.k}`), file(chosen, "npy")),
    share: () => (navigator.share ? navigator.share({ title: document.title, url: link() }).catch(() => {}) : copy(link(), "Link")),
    "copy-link": () => copy(link(), "Link"),
    "copy-curl": (chosen) => copy(curlText(absolute(shownPath(run, chosen.name, `format=npy&map=${chosen.k}`)), file(chosen, "npy")), "Command"),
    "copy-python": (chosen) => copy(pythonText(absolute(shownPath(run, chosen.name, "format=npy")), chosen), "Script"),
    "copy-cli": (chosen) => {
      const problem = noCommand();
      if (problem) return say(problem);
      copy(commandText(absolute(`/api/v1/images/${run.image}`), { run, model, image }, chosen, look(chosen), file(chosen, "png")), "Command");
    },
    "copy-command": (_, button) => copy(button.dataset.text, "Command"),
  };

  // The service's pictures scale to the map or to the layer, and know no clip, blend or gamma.
  const isPlain = ({ norm, clip, blend, gamma }) => ["map", "layer"].includes(norm) && clip === 100 && blend === 0 && gamma === 1;

  // The command line knows presets, photos and no edits.
  function noCommand() {
    if (store.get().edits) return "The command line takes no edits: copy curl or Python";
    if (image.kind === "array") return "The command line has no way to this array: copy curl or Python";
    if (!isPlain(store.get())) return "The command line scales to the map or to the layer alone: copy curl or Python";
    return model.preset === false ? "The command line takes a network's name: copy curl or Python" : "";
  }

  // Everything else there is of this map and its layer, as links. Figures show values, not changes.
  function entries(chosen) {
    const { name, k } = chosen;
    const shown = (more) => shownPath(run, name, `${more}&${query(chosen)}`);
    const archive = (format) => `${runPath(run)}/archive?format=${format}&layers=${encodeURIComponent(name)}`;
    const all = [
      ["Map, a pixel a value (PNG)", shown(`format=png&map=${k}`), file(chosen, "png")],
      ["All maps of the layer (PNG)", shown("format=png"), `${name}.png`],
      ["Map as a figure (SVG)", layerPath(run, name, `format=svg&map=${k}&${query(chosen)}`), `${name}-${k}.svg`],
      ["Map as a figure (PDF)", layerPath(run, name, `format=pdf&map=${k}&${query(chosen)}`), `${name}-${k}.pdf`],
      ["Layer as a figure (PDF)", layerPath(run, name, `format=pdf&${query(chosen)}`), `${name}.pdf`],
      ["Layer (npy)", shownPath(run, name, "format=npy"), `${name}.npy`],
      ["Layer (npz)", archive("npz"), `${name}.npz`],
      ["Layer (safetensors)", archive("safetensors"), `${name}.safetensors`],
      ["The view as one HTML file", `${runPath(run)}/page`, `${run.model_name}.html`],
    ];
    return run.base ? all.filter(([words]) => !/figure|npz|safetensors|HTML/.test(words)) : all;
  }

  return {
    act(button) {
      const chosen = inspector.selection();
      if (chosen || !/npy|png|curl|python|cli/.test(button.dataset.action)) actions[button.dataset.action](chosen, button);
    },
    list(menu) {
      const chosen = inspector.selection();
      const links = chosen ? entries(chosen).map(([words, href, name]) => element("a", { href, download: name }, words)) : [];
      const scaled = isPlain(store.get()) ? [] : [element("p", { class: "xs t2" }, "Pictures here scale to the layer; PNG beside is as shown.")];
      find(".list", menu).replaceChildren(...scaled, ...links);
    },
  };
}
