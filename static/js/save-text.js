// The words that fetch the same map elsewhere: curl, Python, the command line. Pure; tests/browser/test_export.py runs them.

const QUOTE = /[^A-Za-z0-9_./:=@%+-]/;
const quoted = (word) => (QUOTE.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : word);

export const curlText = (url, file) => `curl -fsS -o ${quoted(file)} ${quoted(url)}`;

export function pythonText(url, { k, y, x, layer }) {
  const index = layer.height * layer.width > 1 ? `[${k}, ${y}, ${x}]` : `[${k}]`;
  return [
    "import io",
    "",
    "import httpx",
    "import numpy as np",
    "",
    `answer = httpx.get("${url}", timeout=60)`,
    "maps = np.load(io.BytesIO(answer.raise_for_status().content))",
    `print(maps.shape, maps${index})`,
    "",
  ].join("\n");
}

/** Two lines: the photo from the service, then the map as the page colours it, made without the service. */
export function commandText(photo, { run, model, image }, { name, k }, { colormap, normalize }, file) {
  const source = `photo-${run.image.slice(0, 8)}.${image.format === "JPEG" ? "jpg" : "png"}`;
  const [, height, width] = run.input.shape;
  const usual = Math.min(...model.spec.input.slice(1)) === Math.min(height, width) && run.fit !== "native";
  const size = usual || run.fit === "native" ? [] : ["--size", run.size];
  const fit = run.fit === "crop" ? [] : ["--fit", run.fit];
  const words = ["convscope", "run", source, "--model", run.model_name, "--layers", name, "--map", k, "--colormap", colormap, "--normalize", normalize, ...size, ...fit, "--out", file];
  return `${curlText(photo, source)}\n${words.map((word) => quoted(String(word))).join(" ")}`;
}
