// The live camera: one frame at a time through the network, the newest only; its maps drawn as they come.

import { Problem, fetchBuffer, fetchJson } from "./api.js";
import { drawWall } from "./atlas.js";
import { colour, element, find, isPhone, loadStyles } from "./dom.js";
import { number, shape } from "./format.js";
import { wallOf } from "./layout.js";
import { tableFor } from "./lut.js";
import { parseQuantised } from "./quantised.js";
import { referencesOf, shadesOf } from "./tone.js";

const SIDES = [64, 96, 128];
const PREVIEW = 224;
const SMOOTH = 0.8;
const REFUSALS = {
  NotAllowedError: "The browser may not use the camera. Allow it in the browser's settings of this page, then open the camera again.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is in use by another program.",
};

const select = (name, label, options, chosen) =>
  element("label", { class: "camera-field" }, label, element("span", { class: "sel" }, element("select", { name }, ...options.map((value) => element("option", { value, selected: String(value) === String(chosen) }, String(value))))));

// The middle square of the video on a canvas of side×side.
function grab(video, canvas) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  canvas.getContext("2d").drawImage(video, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

const encoded = (canvas, type) => new Promise((resolve) => canvas.toBlob(resolve, type, 0.92));

// Opens in `host`; `layers` are names to choose from, `show(image, changes)` goes to the run of an image.
async function openCamera(host, { model, layers, layer: first, side: firstSide, store, show, onSide, onClose }) {
  const [video, frame, wall] = [element("video", { muted: true, playsinline: true, hidden: true }), element("canvas", { class: "frame", "aria-hidden": "true" }), element("canvas", { class: "live-wall", role: "img" })];
  const [rate, words, shapes] = [element("output", { class: "rate", "aria-label": "Frames per second" }), element("p", { class: "message", role: "status", hidden: true }), element("output", { class: "t2 sm" })];
  const sides = select("side", "Side ", SIDES, firstSide);
  const names = select("layer", "Layer ", layers, first);
  const [freeze, close] = ["Freeze", "Close"].map((text) => element("button", { type: "button", class: text === "Freeze" ? "btn pri" : "btn" }, text));
  const head = element("header", { class: "camera-head" }, element("h2", { class: "h" }, `Live camera through ${model.title ?? model.name}`), sides, names, rate, element("span", { class: "grow" }), freeze, close);
  const body = element("div", { class: "camera-body" }, element("div", {}, frame, shapes), wall);
  let [stream, open, layer, side] = [null, true, first, Number(firstSide)];
  let request = null;

  function say(text) {
    words.hidden = text === "";
    words.textContent = text;
  }

  function resize() {
    frame.width = frame.height = side;
    frame.style.width = frame.style.height = `${PREVIEW}px`;
  }

  async function next() {
    grab(video, frame);
    const form = new FormData();
    form.append("file", await encoded(frame, "image/jpeg"), "frame.jpg");
    for (const [name, value] of Object.entries({ model: model.id, layers: layer, format: "u8", size: side })) form.append(name, value);
    request = new AbortController();
    const asked = layer;
    const data = parseQuantised(await fetchBuffer("/api/v1/activations", { method: "POST", body: form, signal: request.signal }));
    if (open && asked === layer) draw(data);
  }

  function draw(data) {
    const state = store.get();
    const table = tableFor(state.colour, data.signed);
    const places = wallOf([data.maps, data.height, data.width], data.maps, "auto", wall.parentElement.clientWidth - PREVIEW, isPhone());
    const order = Array.from({ length: data.maps }, (_, k) => k);
    drawWall(wall, data, places, order, [0, places.rows], devicePixelRatio, shadesOf(data, referencesOf(data, state, 0), table, state), colour("--hatch"));
    wall.style.width = `${wall.width / devicePixelRatio}px`;
    wall.setAttribute("aria-label", `${data.maps} maps of ${layer}, live`);
    Object.assign(wall.dataset, { layer, side, frames: Number(wall.dataset.frames ?? 0) + 1 });
    shapes.textContent = `${layer} ${shape([data.maps, data.height, data.width])}`;
  }

  // The next frame is taken when the last answer is drawn: none waits in a line.
  async function loop() {
    let [smooth, last] = [0, performance.now()];
    while (open) {
      try {
        await next();
        say("");
      } catch (problem) {
        if (problem.name === "AbortError") continue;
        say(problem instanceof Problem ? `${problem.title}. ${problem.detail}` : problem.message);
        await new Promise((resolve) => setTimeout(resolve, (problem.retryAfter ?? 2) * 1000));
      }
      const now = performance.now();
      smooth = smooth ? SMOOTH * smooth + (1 - SMOOTH) * (now - last) : now - last;
      last = now;
      rate.textContent = `${number(1000 / smooth, 1)} frames/s`;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }

  // The frame that is seen becomes an ordinary image, and its run is gone to.
  async function keep() {
    try {
      const image = await fetchJson("/api/v1/images", { method: "POST", headers: { "content-type": "image/png" }, body: await encoded(frame, "image/png") });
      await show(image.id, { size: side, layer, map: null, camera: "" });
    } catch (problem) {
      say(`${problem.title ?? "The frame was not kept"}. ${problem.detail ?? problem.message}`);
    }
  }

  function stop() {
    open = false;
    request?.abort();
    for (const track of stream?.getTracks() ?? []) track.stop();
    host.replaceChildren();
    host.hidden = true;
  }

  await loadStyles("camera");
  resize();
  host.replaceChildren(head, words, body, video);
  host.hidden = false;
  freeze.disabled = true;
  close.focus();
  close.addEventListener("click", onClose);
  freeze.addEventListener("click", keep);
  find("select", names).addEventListener("change", ({ target }) => ((layer = target.value), request?.abort()));
  find("select", sides).addEventListener("change", ({ target }) => {
    side = Number(target.value);
    resize();
    onSide(target.value);
  });
  start();

  async function start() {
    if (!navigator.mediaDevices) return say("The camera works on https and on this machine's own address only.");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 } } });
      if (!open) return stop();
      video.srcObject = stream;
      await video.play();
      freeze.disabled = false;
      await loop();
    } catch (problem) {
      say(REFUSALS[problem.name] ?? `The camera does not start: ${problem.message}`);
    }
  }

  return { close: stop };
}

// Gives `film(state)`, which brings the camera to what the state says: open at a side, or closed.
export function createFilming({ model, blocks, blockOf, store, upload }) {
  const layers = blocks.filter(({ available }) => available).map(({ after }) => after);
  let filming = null;

  return async function film({ camera, layer }) {
    find("#app").inert = Boolean(camera);
    if (Boolean(camera) === Boolean(filming)) return;
    if (!camera) return (await filming).close(), (filming = null);
    filming = openCamera(find("#camera"), {
      model, layers, layer: blockOf(layer).after, side: camera, store,
      show: async (image, changes) => (await upload()).show(image, changes),
      onSide: (side) => store.set({ camera: side }),
      onClose: () => store.set({ camera: "" }),
    });
  };
}
