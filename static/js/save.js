// What can be taken away: the map as a picture, the arrays, and the words that fetch the same elsewhere.

import { layerPath, runPath } from "./api.js";
import { element, find, findAll, say } from "./dom.js";

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
  const anchor = element("a", { href: URL.createObjectURL(blob), download: name });
  anchor.click();
  URL.revokeObjectURL(anchor.href);
}

export const absolute = (path) => new URL(path, location.origin).href;

function curlText(run, { name, k }) {
  return `curl -f -o ${name}-${k}.npy "${absolute(layerPath(run, name, `format=npy&map=${k}`))}"`;
}

function pythonText(run, { name, k, y, x, layer }) {
  const index = layer.height * layer.width > 1 ? `[${k}, ${y}, ${x}]` : `[${k}]`;
  return [
    "import io",
    "",
    "import httpx",
    "import numpy as np",
    "",
    `answer = httpx.get("${absolute(layerPath(run, name, "format=npy"))}", timeout=60)`,
    "maps = np.load(io.BytesIO(answer.raise_for_status().content))",
    `print(maps.shape, maps${index})`,
    "",
  ].join("\n");
}

export function createSave(run, store, inspector) {
  const [npy, npz] = [find("#save-npy"), find("#save-npz")];
  const link = () => absolute(`/${store.address()}`);

  function savePng() {
    const chosen = inspector.selection();
    if (chosen) inspector.canvas().toBlob((blob) => download(blob, `${chosen.name}-${chosen.k}.png`));
  }

  async function share() {
    if (!navigator.share) return copy(link(), "Link");
    await navigator.share({ title: document.title, url: link() }).catch(() => {});
  }

  const actions = {
    "save-png": savePng,
    share,
    "copy-link": () => copy(link(), "Link"),
    "copy-curl": () => inspector.selection() && copy(curlText(run, inspector.selection()), "Command"),
    "copy-python": () => inspector.selection() && copy(pythonText(run, inspector.selection()), "Script"),
    "copy-command": (button) => copy(button.dataset.text, "Command"),
  };
  for (const [name, act] of Object.entries(actions)) {
    for (const button of findAll(`[data-action="${name}"]`)) {
      button.hidden = false;
      button.addEventListener("click", () => act(button));
    }
  }

  return {
    render() {
      const chosen = inspector.selection();
      if (!chosen) return;
      npy.href = layerPath(run, chosen.name, `format=npy&map=${chosen.k}`);
      npy.download = `${chosen.name}-${chosen.k}.npy`;
      npz.href = `${runPath(run)}/archive?format=npz&layers=${encodeURIComponent(chosen.name)}`;
      npz.download = `${chosen.name}.npz`;
    },
  };
}
