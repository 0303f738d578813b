// A photo of one's own: by button, by drop anywhere, by paste. Ends in a page of its run; a fault leaves the photo as it is.

import { Problem, postJson, seconds, tell } from "./api.js";
import { find, findAll, loadStyles } from "./dom.js";
import { nameKey } from "./upload-offer.js";

// `addressOf(image, changes)` is the page that shows an image.
export function createUpload(store, model, addressOf = (image, changes) => `/${store.address({ image, y: null, x: null, ...changes })}`) {
  const [line, input, progress, fault, drop] = ["#upload", "#upload-file", ".upload-state", "#upload-error", ".drop"].map((name) => find(name));
  const [words, bar] = [find("span", progress), find("progress", progress)];
  let busy = false;
  loadStyles("upload");

  for (const button of findAll('[data-action="upload"]')) {
    button.hidden = false;
    button.addEventListener("click", () => input.click());
  }
  input.addEventListener("change", () => {
    if (input.files[0]) take(input.files[0]);
    input.value = "";
  });

  let depth = 0;
  const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const offer = (change) => {
    depth = Math.max(0, depth + change);
    drop.hidden = depth === 0;
  };
  addEventListener("dragenter", (event) => carriesFile(event) && (event.preventDefault(), offer(1)));
  addEventListener("dragover", (event) => carriesFile(event) && event.preventDefault());
  addEventListener("dragleave", (event) => carriesFile(event) && offer(-1));
  addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    depth = 0;
    drop.hidden = true;
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!file) return;
    event.preventDefault();
    take(file);
  });

  async function take(file) {
    if (busy) return;
    busy = true;
    say(`Reading ${file.name}`, 0);
    fault.hidden = true;
    try {
      const image = await uploadFile(file, (share) => say(share < 1 ? `Uploading ${file.name}` : `Reading ${file.name}`, share));
      remember(image.id, file.name);
      await show(image.id);
    } catch (problem) {
      refuse(file.name, problem);
    } finally {
      busy = false;
      progress.hidden = true;
      line.hidden = false;
    }
  }

  function say(text, share) {
    line.hidden = true;
    progress.hidden = false;
    words.textContent = text;
    bar.value = share;
  }

  function refuse(name, problem) {
    const known = problem instanceof Problem;
    find("strong", fault).textContent = problem.status === 422 || problem.status === 415 ? `${name} cannot be used.` : `${known ? problem.title : "The upload failed"}.`;
    find("strong + span", fault).textContent = `${known ? problem.detail : problem.message} The photo before it stays.`;
    fault.hidden = false;
  }

  // Asks for the run first, so that a refusal is said here and the page stays; then goes to its page.
  async function show(image, changes = {}) {
    const { size, fit } = { ...store.get(), ...changes };
    await postJson("/api/v1/runs", { image, model: model.id, fit, ...(size ? { size } : {}) });
    location.assign(addressOf(image, changes));
  }

  return { choose: () => input.click(), take, show, refuse };
}

// The name of a file is the visitor's own: it stays in this tab.
const remember = (id, name) => sessionStorage.setItem(nameKey(id), name);

// Uploads with progress, which fetch does not report.
function uploadFile(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const array = file.name.endsWith(".npy");
    request.open("POST", "/api/v1/images");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => (tell(false), reject(Problem.unreachable()));
    request.onload = () => {
      tell(true);
      const retry = seconds(request.getResponseHeader("retry-after"));
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(Problem.from(request.status, request.responseText, retry));
    };
    if (array) {
      request.setRequestHeader("content-type", "application/x-npy");
      request.send(file);
    } else {
      const form = new FormData();
      form.append("file", file, file.name);
      request.send(form);
    }
  });
}
