// The pair bar: what A and B are is another page of the same address; how they are laid on each other is not.

import { find, findAll } from "./dom.js";
import { bindUpload } from "./upload-offer.js";

const AMOUNTS = ["right", "down", "turn", "zoom", "noise", "blur", "crop"];
const NO_CHANGE = { right: null, down: 0, turn: 0, zoom: 100, noise: 0, blur: 0, crop: 0 };
const FRESH = { map: null, y: null, x: null };

export function createBar(store, model, { onAlign }) {
  const form = find("#pair");
  const [back, border] = [form.elements.back, form.elements.border];
  let target = "b";

  document.body.classList.add("scripted");
  const go = (changes) => location.assign(`/compare${store.address({ ...FRESH, ...changes })}`);
  const upload = bindUpload(store, model, (image) => {
    const side = target === "a" ? { a: null, image } : { ...NO_CHANGE, b: null, image_b: image };
    return `/compare${store.address({ ...FRESH, swap: false, ...side })}`;
  });
  const uploadA = find('[data-action="upload-a"]', form);
  uploadA.hidden = false;
  uploadA.addEventListener("click", async () => {
    target = "a";
    (await upload()).choose();
  });
  for (const button of findAll('[data-action="upload"]')) button.addEventListener("click", () => (target = "b"), { capture: true });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (document.activeElement?.matches?.(".amount input")) document.activeElement.blur();
  });
  form.addEventListener("change", ({ target: control }) => {
    if (control === back) onAlign({ back: back.checked });
    else if (!control.checkValidity()) control.reportValidity();
    else if (control === border) onAlign({ border: Number(border.value) });
    else if (AMOUNTS.includes(control.name)) go({ b: null, image_b: null, swap: false, ...amounts() });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input[type=number]")) (event.preventDefault(), event.target.blur(), event.target.focus());
  });

  // The fields as they stand; `right` stays in the address, so that it says B is the same photo even unchanged.
  function amounts() {
    return Object.fromEntries(AMOUNTS.map((name) => [name, Number(form.elements[name].value)]));
  }

  find("#swap")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go({ swap: !store.get().swap });
  });

  const changes = find("#changes");
  const toggle = find("#toggle-changes");
  toggle.hidden = false;
  toggle.addEventListener("click", () => toggle.setAttribute("aria-expanded", String(changes.classList.toggle("open"))));
  addEventListener("click", ({ target: clicked }) => {
    for (const menu of findAll("details.menu[open]")) if (!menu.contains(clicked)) menu.open = false;
  });

  return {
    render({ back: moved, border: pixels }) {
      if (!back.disabled) back.checked = moved;
      if (document.activeElement !== border) border.value = pixels;
    },
    swap: () => find("#swap") && go({ swap: !store.get().swap }),
    closeMenu() {
      const menu = find("details.menu[open]");
      if (menu) (menu.open = false, find("summary", menu).focus());
    },
  };
}

// Links to other pairs take along the layer that is looked at now and how.
export function keepLayer(store) {
  for (const link of findAll('a[href^="/compare?"]')) {
    link.addEventListener("click", () => {
      const [address, now] = [new URL(link.href), new URLSearchParams(store.address())];
      for (const name of ["layer", "scale", "sort"]) if (now.has(name)) address.searchParams.set(name, now.get(name));
      link.href = address.href;
    });
  }
}
