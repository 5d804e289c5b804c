// Bundles WebChat into dist/: one page, one script, one style sheet, with their content's hash in their names.
// Fails when the scripts together weigh more than the budget.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What all scripts together may weigh, in bytes after gzip. */
const SCRIPT_BUDGET = 90_000;

const here = import.meta.dirname;
const source = join(here, "src");
const target = join(here, "dist");
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const { outputFiles } = await build({
  entryPoints: { app: join(source, "main.ts"), style: join(source, "styles.css") },
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions: ["moltbot-source"],
  define: { MOLTBOT_VERSION: JSON.stringify(version) },
  legalComments: "none",
  write: false,
}).catch(() => process.exit(1)); // esbuild has said why

const script = outputFiles.find(({ path }) => path.endsWith(".js")).contents;
const style = outputFiles.find(({ path }) => path.endsWith(".css")).contents;
const weight = gzipSync(script, { level: 9 }).length;
if (weight > SCRIPT_BUDGET) {
  console.error(`WebChat's script weighs ${weight} bytes after gzip; the budget is ${SCRIPT_BUDGET}.`);
  process.exit(1);
}

const names = { "app.js": hashed("app.js", script), "app.css": hashed("app.css", style) };
const page = readFileSync(join(source, "index.html"), "utf8").replace(
  /\/(app\.(?:js|css))"/g,
  (_match, name) => `/${names[name]}"`,
);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
writeFileSync(join(target, names["app.js"]), script);
writeFileSync(join(target, names["app.css"]), style);
writeFileSync(join(target, "index.html"), page);
writeFileSync(
  join(target, "manifest.json"),
  `${JSON.stringify({ version, scriptGzipBytes: weight, files: names }, undefined, 2)}\n`,
);
for (const name of ["favicon.svg", "app.webmanifest"]) cpSync(join(source, name), join(target, name));
console.log(`WebChat: ${(weight / 1000).toFixed(1)} KB of script after gzip (budget ${SCRIPT_BUDGET / 1000} KB)`);

function hashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return name.replace(".", `-${hash}.`);
}
