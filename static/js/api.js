// Talks to the REST API: one place for problems, waiting times and a server that does not answer.

export const connection = new EventTarget();

export class Problem extends Error {
  constructor(title, { status = 0, detail = "", retryAfter = null, unreachable = false } = {}) {
    super(title);
    this.title = title;
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.unreachable = unreachable;
  }

  static from(status, text, retryAfter) {
    try {
      const body = JSON.parse(text);
      const place = body.where ? `${body.where}: ` : "";
      const fits = body.expected ? ` Fits: ${body.expected}.` : "";
      return new Problem(body.title ?? "The server refused this", { status, detail: `${place}${body.detail ?? ""}${fits}`, retryAfter });
    } catch {
      return new Problem(`The server answered ${status}`, { status, retryAfter });
    }
  }

  static unreachable() {
    return new Problem("The server does not answer", { detail: "What is on the page stays; new layers wait.", unreachable: true });
  }
}

export const seconds = (header) => (header && Number.isFinite(Number(header)) ? Math.max(1, Number(header)) : null);
export const tell = (reachable) => connection.dispatchEvent(new CustomEvent(reachable ? "up" : "down"));

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tell(false);
    throw Problem.unreachable();
  }
  tell(true);
  if (response.ok) return response;
  throw Problem.from(response.status, await response.text(), seconds(response.headers.get("retry-after")));
}

export const fetchJson = async (path, options) => (await send(path, options)).json();
export const fetchBuffer = async (path, options) => (await send(path, options)).arrayBuffer();

export function postJson(path, body) {
  return fetchJson(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

export const runPath = (run) => `/api/v1/runs/${run.id}`;
export const layerPath = (run, layer, query) => `${runPath(run)}/layers/${encodeURIComponent(layer)}?${query}`;
// What is shown of a layer: its values or, where a run is held against the `base` it was made from, their change.
export const shownPath = (run, layer, query) =>
  run.base ? `${runPath({ id: run.base })}/layers/${encodeURIComponent(layer)}/difference?to=${run.id}&${query}` : layerPath(run, layer, query);
export const unitPath = (run, layer, [channel, y, x], vector) =>
  `${runPath(run)}/layers/${encodeURIComponent(layer)}/units/${channel}${vector ? "" : `/${y}/${x}`}`;
