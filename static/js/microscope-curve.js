// The curve of an activation function with the point it was evaluated at. Knows nothing of layers or of the service.

const ALPHA = 1.6732632423543772; // SELU's constants: Klambauer et al. 2017
const LAMBDA = 1.0507009873554805;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

/** Each activation function as x → y; `layer` is its entry of the spec, `before` the numbers the server named. */
const FUNCTIONS = {
  relu: () => (x) => Math.max(0, x),
  relu6: () => (x) => clamp(x, 0, 6),
  leakyrelu: ({ slope = 0.01 }) => (x) => (x < 0 ? slope * x : x),
  prelu: (_, { slope = 0.25 }) => (x) => (x < 0 ? slope * x : x),
  elu: ({ alpha = 1 }) => (x) => (x < 0 ? alpha * Math.expm1(x) : x),
  selu: () => (x) => LAMBDA * (x < 0 ? ALPHA * Math.expm1(x) : x),
  sigmoid: () => sigmoid,
  tanh: () => Math.tanh,
  silu: () => (x) => x * sigmoid(x),
  gelu: () => (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  hardsigmoid: () => (x) => clamp(x / 6 + 0.5, 0, 1),
  hardswish: () => (x) => x * clamp(x / 6 + 0.5, 0, 1),
  softplus: ({ beta = 1, threshold = 20 }) => (x) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
};

// Abramowitz & Stegun 7.1.26, off by at most 1.5e-7: for drawing only.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

export function functionOf(op, layer, before) {
  return FUNCTIONS[op](layer ?? {}, before ?? {});
}

const WIDTH = 264;
const HEIGHT = 64;
const SVG = "http://www.w3.org/2000/svg";

function svg(tag, values, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

/** The function over ±1.15·|x|, the point (x, y) marked; `write` turns a number into text. */
export function curve(f, x, write, name) {
  const reach = Math.max(Math.abs(x) * 1.15, 1e-6);
  const samples = Array.from({ length: 133 }, (_, i) => (i / 66 - 1) * reach);
  const values = samples.map(f);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values) || 1;
  const across = (value) => ((value / reach + 1) * WIDTH) / 2;
  const down = (value) => HEIGHT - 6 - ((value - low) / (high - low || 1)) * (HEIGHT - 12);
  const line = samples.map((value, i) => `${i ? "L" : "M"}${across(value).toFixed(1)} ${down(values[i]).toFixed(1)}`).join("");
  const words = `${name} at ${write(x)} is ${write(f(x))}`;
  const picture = svg("svg", { class: "ms-curve", viewBox: `0 0 ${WIDTH} ${HEIGHT + 14}`, role: "img", "aria-label": words });
  picture.append(
    svg("path", { class: "ms-curve-axes", d: `M0 ${down(0) + 0.5}H${WIDTH}M${WIDTH / 2 + 0.5} 0V${HEIGHT}` }),
    svg("path", { class: "ms-curve-line", d: line }),
    svg("path", { class: "ms-curve-drop", d: `M${across(x)} ${down(0)}V${down(f(x))}H${WIDTH / 2}` }),
    svg("circle", { class: "ms-curve-point", cx: across(x), cy: down(f(x)), r: 4 }),
    svg("text", { x: 0, y: HEIGHT + 8 }, `before ${name} ${write(-reach)}`),
    svg("text", { x: WIDTH / 2, y: HEIGHT + 8, "text-anchor": "middle" }, "0"),
    svg("text", { x: WIDTH, y: HEIGHT + 8, "text-anchor": "end" }, write(reach)),
  );
  return picture;
}
