// Classic filters of any size that has them, and a kernel with its slices replaced. Pure.

const outer = (down, across) => down.flatMap((a) => across.map((b) => a * b + 0));

// 1 2 1, 1 4 6 4 1, …: what averaging two neighbours again and again makes.
function binomial(size) {
  let row = [1];
  while (row.length < size) row = [...row, 0].map((value, i) => value + (row[i - 1] ?? 0));
  return row;
}

// The difference of what lies two apart, smoothed to the size: −1 0 1, −1 −2 0 2 1.
function slope(size) {
  const smooth = binomial(size - 2);
  return Array.from({ length: size }, (_, i) => (smooth[i - 2] ?? 0) - (smooth[i] ?? 0));
}

function scaled(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

function middle(height, width, stencil) {
  const values = new Array(height * width).fill(0);
  const [top, left] = [(height - 1) >> 1, (width - 1) >> 1];
  for (const [y, x, value] of stencil) values[(top + y) * width + left + x] = value;
  return values;
}

const CROSS = [[-1, 0], [1, 0], [0, -1], [0, 1]];
const cross = (arm, centre) => [[0, 0, centre], ...CROSS.map(([y, x]) => [y, x, arm])];

/** Filters by name: their title, the least side of a kernel that has them, and their values, row by row. */
export const FILTERS = {
  "sobel-x": { title: "Sobel x", least: 3, values: (h, w) => outer(binomial(h), slope(w)) },
  "sobel-y": { title: "Sobel y", least: 3, values: (h, w) => outer(slope(h), binomial(w)) },
  box: { title: "Box blur", least: 1, values: (h, w) => new Array(h * w).fill(1 / (h * w)) },
  gauss: { title: "Gaussian", least: 1, values: (h, w) => scaled(outer(binomial(h), binomial(w))) },
  sharpen: { title: "Sharpen", least: 3, values: (h, w) => middle(h, w, cross(-1, 5)) },
  laplace: { title: "Laplacian", least: 3, values: (h, w) => middle(h, w, cross(1, -4)) },
  identity: { title: "Identity", least: 1, values: (h, w) => middle(h, w, [[0, 0, 1]]) },
  zero: { title: "Zero", least: 1, values: (h, w) => new Array(h * w).fill(0) },
};

export const fits = ({ least }, height, width) => Math.min(height, width) >= least;

/** `original` (C×kH×kW, nested) with changes, each a filter's name or a slice's numbers. Throws where one does not fit. */
export function edited(original, kernel) {
  if (!kernel) return original;
  return original.map((slice, c) => {
    const fill = kernel.slices.get(c) ?? kernel.all;
    return fill === null ? slice : rows(fill, slice.length, slice[0].length);
  });
}

function rows(fill, height, width) {
  const filter = typeof fill === "string" ? FILTERS[fill] : null;
  if (filter === undefined || (filter && !fits(filter, height, width))) throw new RangeError(`There is no filter ${fill} of ${height}×${width}`);
  const values = filter ? filter.values(height, width) : fill;
  if (values.length !== height * width) throw new RangeError(`${values.length} numbers for a slice of ${height}×${width}`);
  return Array.from({ length: height }, (_, y) => values.slice(y * width, (y + 1) * width));
}
