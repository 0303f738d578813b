// The right of the microscope: from the sum to the number that the layer holds, and how exactly the two agree.

import { element, scaleBar } from "./microscope-cells.js";
import { curve, functionOf } from "./microscope-curve.js";
import { isActivation, isWeighted } from "./microscope-data.js";
import { count, fixed, magnitude } from "./microscope-numbers.js";

// Float32 sums of thousands of terms agree to about this; beyond it, terms cancelled and the page says so.
const AGREES = 1e-4;

/** The result of a chain `{head, stages, after, subject}`; `scales` are the equation's. */
export function result(chain, scales, env) {
  const list = element("dl", "ms-steps");
  for (const row of rowsOf(chain, env)) list.append(...step(row));
  const { subject } = chain;
  const holds = element(
    "div",
    "ms-holds",
    element("span", "", `${subject.layer} holds`),
    element("output", "ms-value", fixed(subject.value)),
  );
  const box = element("div", "ms-result-inner", list, holds, agreement(chain.head));
  const after = afterwards(chain);
  if (after) box.append(after);
  const picture = activationCurve(chain, env);
  if (picture) box.append(picture);
  if (scales.length) box.append(colours(scales));
  return box;
}

function step({ label, value, strong, rule }) {
  const tone = strong ? "ms-strong" : "";
  return [element("dt", `${tone} ${rule ? "ms-rule" : ""}`, label), element("dd", `${tone} ${rule ? "ms-rule" : ""}`, fixed(value))];
}

function rowsOf({ head, stages, after }, env) {
  const rows = [];
  if (isWeighted(head.op)) {
    rows.push({ label: `Σ of ${count(head.terms)} products`, value: head.products_sum });
    rows.push({ label: biasLabel(head), value: head.bias ?? 0 });
    const next = stages[0] ?? after;
    if (next) rows.push({ label: `= before ${shortName(next.op)}`, value: head.total, strong: true, rule: true });
  } else {
    rows.push({ label: headLabel(head), value: head.total });
  }
  let x = head.total;
  for (const stage of stages) {
    x = onward(stage, x, env);
    rows.push({ label: stageLabel(stage), value: x });
  }
  return rows;
}

// What a pointwise layer makes of the sum in float64; where its function is not known here, what the server says.
function onward(stage, x, env) {
  if (isActivation(stage.op)) return activation(stage, env)(x);
  const { factor, offset } = stage.before ?? {};
  return Number.isFinite(factor) ? x * factor + offset : stage.total;
}

function activation(unit, env) {
  const index = env.run.layers.findIndex(({ name }) => name === unit.layer);
  return functionOf(unit.op, env.model.spec?.layers?.[index], unit.before);
}

function biasLabel(head) {
  return head.op === "linear" ? `+ bias of row ${head.channel}` : `+ bias of filter ${head.channel}`;
}

const NAMES = { relu: "ReLU", relu6: "ReLU6", batchnorm: "normalisation", gelu: "GELU", silu: "SiLU", elu: "ELU", selu: "SELU" };
const shortName = (op) => NAMES[op] ?? op;

function headLabel(unit) {
  if (unit.winner) return `largest of ${count(unit.terms)} values`;
  const words = { add: `Σ of ${unit.terms} numbers`, mul: `product of ${unit.terms} numbers`, softmax: "exp(x) / Σ exp", lrn: "x / divisor" };
  if (unit.op.endsWith("avgpool")) return `mean of ${count(unit.terms)} values`;
  return words[unit.op] ?? (unit.before ? stageLabel(unit) : "taken unchanged");
}

// `max(0, x)` with the number in place of x, where the formula is that short.
function stageLabel(unit) {
  const x = unit.before?.x;
  if (x === undefined || x === null || unit.formula.length > 24) return shortName(unit.op);
  return unit.formula.replace(/\bx\b/g, fixed(x, Math.abs(x) >= 100 ? 1 : 3));
}

function agreement(unit) {
  const difference = Math.abs(unit.total - unit.value);
  const close = unit.relative_difference !== null && unit.relative_difference <= AGREES;
  const box = element("div", close ? "ms-agrees" : "ms-differs");
  const precision = element("span", "ms-precision", "Here: float64. Layer: float32.");
  const amount = unit.relative_difference === 0 ? "exactly" : `to ${magnitude(unit.relative_difference ?? NaN)}`;
  const words = close
    ? `Equals what ${unit.layer} holds ${amount}.`
    : `Differs from what ${unit.layer} holds by ${magnitude(difference)}: large terms cancel.`;
  box.append(element("span", "", words), precision);
  return box;
}

function afterwards({ after }) {
  if (!after) return null;
  const list = element("dl", "ms-steps ms-after");
  list.append(...step({ label: stageLabel(after), value: after.total }), ...step({ label: `${after.layer} holds`, value: after.value }));
  return list;
}

function activationCurve({ head, stages, after }, env) {
  const unit = [...stages, ...(after ? [after] : []), head].find(({ op }) => isActivation(op));
  if (!unit || !Number.isFinite(unit.before?.x)) return null;
  const write = (value) => fixed(value, Math.abs(value) >= 100 ? 0 : 2);
  return curve(activation(unit, env), unit.before.x, write, shortName(unit.op));
}

function colours(scales) {
  return element("div", "ms-colours", element("b", "", "Colour"), ...scales.map(([name, scale]) => scaleBar(name, scale)));
}
