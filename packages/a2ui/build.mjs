// Bundles the A2UI page and the script for pages of a canvas into dist/: classic scripts, because a sandboxed page may not
// load modules. Fails when the page's script weighs more than the budget.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What the page's script may weigh, in bytes after gzip. */
const SCRIPT_BUDGET = 70_000;

const here = import.meta.dirname;
const source = join(here, "src");
const target = join(here, "dist");

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: { "a2ui.bundle": join(source, "page/main.ts"), canvas: join(source, "canvas-script/main.ts") },
  outdir: target,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  conditions: ["moltbot-source"],
  plugins: [withoutSchemas(), withoutDescriptions()],
  // Pages of canvases may be served in any encoding.
  charset: "ascii",
  legalComments: "none",
  write: false,
}).catch(() => process.exit(1)); // esbuild has said why

const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
const weight = gzipSync(files.get("a2ui.bundle.js"), { level: 9 }).length;
if (weight > SCRIPT_BUDGET) {
  console.error(`The A2UI page weighs ${weight} bytes of script after gzip; the budget is ${SCRIPT_BUDGET}.`);
  process.exit(1);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target);
for (const [name, contents] of files) writeFileSync(join(target, name), contents);
for (const name of ["index.html", "a2ui.css"]) cpSync(join(source, "page", name), join(target, name));
console.log(`A2UI: ${(weight / 1000).toFixed(1)} KB of script after gzip (budget ${SCRIPT_BUDGET / 1000} KB)`);

/** The renderer can describe its catalog to an agent as JSON Schema. Nobody asks this page to. */
function withoutSchemas() {
  return {
    name: "without-schemas",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^zod-to-json-schema$/ }, ({ path }) => ({ path, namespace: "left-out" }));
      onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
        contents: "export const zodToJsonSchema = () => ({});",
      }));
    },
  };
}

/** Descriptions of the catalog's properties are for agents that ask for it, too. Ends the build when it finds none. */
function withoutDescriptions() {
  let found = 0;
  return {
    name: "without-descriptions",
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /[\\/]web_core[\\/]src[\\/]v0_9[\\/].*\.js$/ }, ({ path }) => {
        const contents = readFileSync(path, "utf8").replace(/\s*\.describe\((?:'[^'\\]*'|"[^"\\]*")\)/g, () => {
          found++;
          return "";
        });
        return { contents, loader: "js" };
      });
      onEnd(() =>
        found > 0 ? undefined : { errors: [{ text: "the renderer has no descriptions any more; look at its files" }] },
      );
    },
  };
}
