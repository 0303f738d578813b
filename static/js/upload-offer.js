// Where a photo can be handed in: buttons, drop and paste. What then happens to it is loaded with the first of them.

import { findAll, once } from "./dom.js";

const carriesFile = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");

// Gives the upload itself, loaded when it is asked for; `addressOf` as it takes it.
export function bindUpload(store, model, addressOf) {
  const listening = new AbortController();
  const upload = once(async () => {
    const { createUpload } = await import("./upload.js");
    listening.abort();
    return createUpload(store, model, addressOf);
  });
  const listen = (target, kind, act) => target.addEventListener(kind, act, { signal: listening.signal });
  for (const button of findAll('[data-action="upload"]')) {
    button.hidden = false;
    listen(button, "click", async () => (await upload()).choose());
  }
  const take = async (event, files) => {
    event.preventDefault();
    const [file] = files;
    if (file) (await upload()).take(file);
  };
  listen(window, "dragenter", (event) => carriesFile(event) && (event.preventDefault(), upload()));
  listen(window, "dragover", (event) => carriesFile(event) && event.preventDefault());
  listen(window, "drop", (event) => carriesFile(event) && take(event, event.dataTransfer.files));
  listen(window, "paste", (event) => event.clipboardData?.files.length && take(event, event.clipboardData.files));
  return upload;
}

// The name of a file is the visitor's own: it stays in this tab.
export const nameKey = (id) => `name ${id}`;
export const nameOf = (id) => sessionStorage.getItem(nameKey(id));
