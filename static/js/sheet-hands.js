// The phone's sheet in the hand. Loaded at the first touch.

// A tap switches between the sheet's two heights, a drag up or down does the same.
export function bindHandle(handle, sheet, setFull) {
  let from = null;
  handle.addEventListener("pointerdown", (event) => {
    from = event.clientY;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointerup", (event) => {
    const moved = from === null ? 0 : event.clientY - from;
    from = null;
    if (Math.abs(moved) > 24) {
      handle.dataset.dragged = "1";
      setFull(moved < 0);
    }
  });
  handle.addEventListener("click", () => {
    if (handle.dataset.dragged) delete handle.dataset.dragged;
    else setFull(!sheet.classList.contains("full"));
  });
}
