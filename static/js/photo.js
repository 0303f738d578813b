// The photo that the network saw, with the probe's receptive field on it; a click on it moves the probe.

import { element, find, place } from "./dom.js";
import { whole } from "./format.js";
import { cellAt, fieldOf } from "./layout.js";

const SMALLEST_BOX = 12;

// What is said of a field on an input of rows×columns: its size, its place, whether it reaches into the padding.
export function fieldWords({ top, left, bottom, right, whole: all }, [rows, columns]) {
  if (all) return { size: "the whole photo", place: "", padded: false };
  return {
    size: `${whole(right - left + 1)}×${whole(bottom - top + 1)} px`,
    place: `x ${whole(left)} to ${whole(right)}, y ${whole(top)} to ${whole(bottom)}`,
    padded: top < 0 || left < 0 || bottom >= rows || right >= columns,
  };
}

// Writes what is said of a field under the explorer's photo.
function createCaption() {
  const [size, stride, place_] = ["#field-size", "#field-stride", "#field-place"].map((id) => find(id));
  return (words, field) => {
    size.textContent = words?.size ?? "";
    const steps = words?.place ? field.stride : null;
    stride.textContent = !steps ? "" : `stride ${steps[0] === steps[1] ? steps[0] : steps.toReversed().join("×")}`;
    place_.textContent = words ? `${words.place}${words.padded ? ", padded" : ""}` : "";
  };
}

// `say(words, field)` writes the words of `fieldWords`, or none where nothing is chosen.
export function createPhoto(shape, { onPick, host = find("#photo"), say = createCaption() }) {
  const [image, clip, box] = [find("img", host), find(".clip", host), find(".field", host)];
  const passing = element("div", { class: "field hover", hidden: true });
  clip.append(passing);
  const [rows, columns] = [shape[1], shape[2]];
  let current = null;

  // A field in pixels of the screen, cut to the photo.
  function boxOf(field) {
    const factor = image.clientWidth / columns;
    const [left, top] = [Math.max(0, field.left) * factor, Math.max(0, field.top) * factor];
    const width = (Math.min(columns - 1, field.right) + 1) * factor - left;
    const height = (Math.min(rows - 1, field.bottom) + 1) * factor - top;
    return { left, top, width, height };
  }

  function show(block, cell) {
    current = block && cell ? [block, cell] : null;
    const field = current ? fieldOf(block.receptive_field, cell, shape) : null;
    const at = field ? boxOf(field) : null;
    box.hidden = !at || at.width <= 0 || at.height <= 0;
    place(clip, { width: image.clientWidth, height: image.clientHeight });
    say(wordsOf(current, field), block?.receptive_field);
    if (box.hidden) return;
    place(box, at);
    box.classList.toggle("bracket", Math.max(at.width, at.height) < SMALLEST_BOX);
  }

  // The field in words; in passing that of another layer goes by its name.
  function wordsOf(chosen, field) {
    if (!field) return chosen ? { size: "differs between its branches", place: "", padded: false } : null;
    const words = fieldWords(field, [rows, columns]);
    const name = !words.place || chosen[0] === current?.[0] ? "" : `${chosen[0].name}: `;
    return { ...words, place: name + words.place };
  }

  function hover(block, cell) {
    const chosen = block && cell ? [block, cell] : current;
    const field = chosen ? fieldOf(chosen[0].receptive_field, chosen[1], shape) : null;
    const at = field && chosen !== current ? boxOf(field) : null;
    passing.hidden = !at || at.width <= 0 || at.height <= 0;
    say(wordsOf(chosen, field), chosen?.[0].receptive_field);
    if (!passing.hidden) place(passing, at);
  }

  function pixelOf(event) {
    const bounds = image.getBoundingClientRect();
    const at = (offset, side, cells) => Math.min(cells - 1, Math.max(0, Math.floor((offset / side) * cells)));
    return [at(event.clientY - bounds.top, bounds.height, rows), at(event.clientX - bounds.left, bounds.width, columns)];
  }

  image.addEventListener("click", (event) => {
    if (!current) return;
    const cell = cellAt(current[0].receptive_field, pixelOf(event), onPick.volume(current[0]));
    if (cell) onPick.pick(cell);
  });

  return { host, show, hover, pixelOf, refresh: () => current && show(...current), isSettled: () => image.complete };
}
