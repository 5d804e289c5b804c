// Bundles WebChat into dist/: one page, one style sheet, and scripts with their content's hash in their names. What the
// first view needs is one script and what it imports at once; the rest is loaded when it is wanted.
// Fails when the first view's scripts together weigh more than the budget.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What all scripts of the first view may weigh together, in bytes after gzip. */
const SCRIPT_BUDGET = 90_000;

const here = import.meta.dirname;
const source = join(here, "src");
const target = join(here, "dist");
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: { app: join(source, "main.ts"), style: join(source, "styles.css") },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  outdir: target,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions: ["moltbot-source"],
  define: { MOLTBOT_VERSION: JSON.stringify(version) },
  legalComments: "none",
  metafile: true,
  write: false,
}).catch(() => process.exit(1)); // esbuild has said why

const outputs = new Map(outputFiles.map(({ path, contents }) => [relative(here, path), contents]));
const app = entryOf("src/main.ts");
const style = entryOf("src/styles.css");
const weight = importedAtOnce(app).reduce((sum, path) => sum + gzipSync(outputs.get(path), { level: 9 }).length, 0);
if (weight > SCRIPT_BUDGET) {
  console.error(`WebChat's first view weighs ${weight} bytes of script after gzip; the budget is ${SCRIPT_BUDGET}.`);
  process.exit(1);
}

const names = { "app.js": basename(app), "app.css": basename(style) };
const page = readFileSync(join(source, "index.html"), "utf8").replace(
  /\/(app\.(?:js|css))"/g,
  (_match, name) => `/${names[name]}"`,
);

rmSync(target, { recursive: true, force: true });
for (const [path, contents] of outputs) {
  mkdirSync(dirname(join(here, path)), { recursive: true });
  writeFileSync(join(here, path), contents);
}
writeFileSync(join(target, "index.html"), page);
writeFileSync(
  join(target, "manifest.json"),
  `${JSON.stringify({ version, scriptGzipBytes: weight, files: names }, undefined, 2)}\n`,
);
for (const name of ["favicon.svg", "app.webmanifest", "worker.js", "icon-192.png", "icon-512.png"])
  cpSync(join(source, name), join(target, name));
console.log(
  `WebChat: ${(weight / 1000).toFixed(1)} KB of script after gzip for the first view (budget ${SCRIPT_BUDGET / 1000} KB)`,
);

/** The output that an entry became. */
function entryOf(entryPoint) {
  return Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === entryPoint);
}

/** An output and every output that it imports without waiting for anything, each once. */
function importedAtOnce(path, seen = new Set()) {
  if (seen.has(path)) return [];
  seen.add(path);
  const direct = metafile.outputs[path].imports.filter(({ kind }) => kind === "import-statement");
  return [path, ...direct.flatMap((each) => importedAtOnce(each.path, seen))];
}
