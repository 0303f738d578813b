// The same explanation as a Python script that fetches the number and checks it. Knows no DOM.

import { unitPath } from "./microscope-data.js";

const CHECKS = {
  sum: [
    'patch, kernel = np.array(unit["patch"]), np.array(unit["kernel"])',
    "products = patch * kernel",
    'print("channel sums", products.sum(axis=(1, 2)))',
    'total = products.sum() + (unit["bias"] or 0.0)',
  ],
  winner: [
    'patch, inside = np.array(unit["patch"]), np.array(unit["inside"])',
    "total = patch[:, inside].max()",
  ],
  other: ['print(unit["formula"], unit["before"])', 'total = unit["total"]'],
};

/** Python text (httpx and numpy) that works the number out again and compares it with what the layer holds. */
export function pythonScript(run, unit, origin) {
  const check = unit.kernel ? CHECKS.sum : unit.winner ? CHECKS.winner : CHECKS.other;
  return [
    `# ${unit.layer} : ${unit.channel}, row ${unit.y}, column ${unit.x} of ${run.model_name ?? run.model}`,
    "import httpx",
    "import numpy as np",
    "",
    `url = "${origin}${unitPath(run, unit)}"`,
    "unit = httpx.get(url, timeout=60).raise_for_status().json()",
    ...check,
    'print("here", total, "layer", unit["value"])',
    // Float32 sums differ by what their largest terms lose, so the tolerance grows with the terms.
    unit.kernel
      ? 'assert abs(total - unit["value"]) <= 1e-5 * max(1e-6, np.abs(products).sum())'
      : 'assert abs(total - unit["value"]) <= 1e-5 * max(1e-6, abs(unit["value"]))',
    "",
  ].join("\n");
}
