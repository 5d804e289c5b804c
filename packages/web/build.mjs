// Bundles the pages into dist/: WebChat, and the one that makes a browser a node. Each has one style sheet, and scripts with
// a hash in their names. What WebChat's first view needs is one script, what its pages share another; the rest is loaded when
// it is wanted. Fails when something weighs more than its budget.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { wordsPlugin } from "../../scripts/words/plugin.ts";
import { merged } from "./merge.mjs";

/** What the first view of a conversation may weigh, with what shows replies and says what is to be done, in bytes after gzip. */
const SCRIPT_BUDGET = 90_000;
/**
 * What all scripts of WebChat and its pages may weigh together, in bytes after gzip: in one language, and without the library
 * that sets formulas, which is fetched with the first message that has one.
 */
const ALL_BUDGET = 220_000;
/** What the page of nodes may weigh at first beside the client of the protocol, which it shares, in bytes after gzip. */
const NODE_BUDGET = 25_000;
const CLIENT = "@moltbot/protocol";

const here = import.meta.dirname;
const source = join(here, "src");
const target = join(here, "dist");
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const chat = await bundled({ app: "main.ts", style: "styles.css" });
const node = await bundled({ node: "node/main.ts", "node-style": "node/node.css" });
const ownNode = await bundled({ node: "node/main.ts" }, { external: [CLIENT] });

const { scripts, entry } = await merged(chat, {
  first: importedAtOnce(chat.inputs, entryOf(chat, "src/main.ts")),
  entry: entryOf(chat, "src/main.ts"),
  apart: ["src/chat/markdown.ts", "src/overview/todo.ts"].map((entry) => apartFrom(chat, entry)),
  folder: relative(here, target),
});
const styles = [...chat.outputs].filter(([path]) => !path.endsWith(".js"));
const named = (name) => [...scripts.keys()].find((path) => basename(path).startsWith(`${name}-`));
const weight = sum([entry, named("markdown"), named("todo")].map((path) => gzipped(scripts.get(path))));
within(SCRIPT_BUDGET, weight, "WebChat's first view");
const isCounted = (path) => !/^(?:formulas|[a-z]{2})-/.test(basename(path));
const allWeight = sum([...scripts].filter(([path]) => isCounted(path)).map(([, contents]) => gzipped(contents)));
const formulaWeight = gzipped(scripts.get(named("formulas")));
within(ALL_BUDGET, allWeight, "WebChat with all its pages");
const nodeScripts = importedAtOnce(ownNode.inputs, entryOf(ownNode, "src/node/main.ts"));
const nodeWeight = sum(nodeScripts.map((path) => gzipped(ownNode.outputs.get(path))));
within(NODE_BUDGET, nodeWeight, `The page of nodes, beside ${CLIENT},`);

const names = {
  "app.js": basename(entry),
  "kit.js": basename(named("kit")),
  "app.css": basename(entryOf(chat, "src/styles.css")),
  "node.js": basename(entryOf(node, "src/node/main.ts")),
  "node.css": basename(entryOf(node, "src/node/node.css")),
};

rmSync(target, { recursive: true, force: true });
for (const [path, contents] of [...scripts, ...styles, ...node.outputs]) {
  mkdirSync(dirname(join(here, path)), { recursive: true });
  writeFileSync(join(here, path), contents);
}
writeFileSync(join(target, "index.html"), pageOf("index.html"));
writeFileSync(join(target, "node.html"), pageOf("node/node.html"));
writeFileSync(
  join(target, "manifest.json"),
  `${JSON.stringify({ version, scriptGzipBytes: weight, nodeGzipBytes: nodeWeight, files: names }, undefined, 2)}\n`,
);
for (const name of ["favicon.svg", "app.webmanifest", "worker.js", "icon-192.png", "icon-512.png"])
  cpSync(join(source, name), join(target, name));
cpSync(join(source, "node", "node.webmanifest"), join(target, "node.webmanifest"));
console.log(
  `WebChat: ${(weight / 1000).toFixed(1)} KB of script after gzip for the first view (budget ${SCRIPT_BUDGET / 1000} KB), ${(allWeight / 1000).toFixed(1)} KB with all pages (budget ${ALL_BUDGET / 1000} KB), and ${(formulaWeight / 1000).toFixed(1)} KB for formulas`,
);
console.log(
  `Page of nodes: ${(nodeWeight / 1000).toFixed(1)} KB beside the client of the protocol (budget ${NODE_BUDGET / 1000} KB)`,
);

/** Bundles entries; the outputs by their path from here. */
async function bundled(entries, more = {}) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(source, file)])),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    outdir: target,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // Scripts that a page loads later import its first script, and would wait for ever for one that waits for them.
    supported: { "top-level-await": false },
    conditions: ["moltbot-source"],
    define: { MOLTBOT_VERSION: JSON.stringify(version) },
    charset: "utf8",
    legalComments: "none",
    plugins: [wordsPlugin(source)],
    metafile: true,
    write: false,
    ...more,
  }).catch(() => process.exit(1)); // esbuild has said why
  const outputs = new Map(outputFiles.map(({ path, contents }) => [relative(here, path), contents]));
  return { outputs, inputs: metafile.outputs };
}

/** The output that an entry became. */
function entryOf({ inputs }, entryPoint) {
  return Object.keys(inputs).find((path) => inputs[path].entryPoint === entryPoint);
}

function sum(numbers) {
  return numbers.reduce((all, each) => all + each, 0);
}

function gzipped(contents) {
  return gzipSync(contents, { level: 9 }).length;
}

/** An output and every output that it imports without waiting for anything, each once. */
function importedAtOnce(inputs, path, seen = new Set()) {
  if (seen.has(path) || inputs[path] === undefined) return [];
  seen.add(path);
  const direct = inputs[path].imports.filter(({ kind }) => kind === "import-statement");
  return [path, ...direct.flatMap((each) => importedAtOnce(inputs, each.path, seen))];
}

/** An entry that keeps what it imports, although others import some of that too. */
function apartFrom(bundle, entryPoint) {
  const entry = entryOf(bundle, entryPoint);
  return { entry, members: importedAtOnce(bundle.inputs, entry) };
}

function within(budget, bytes, what) {
  if (bytes <= budget) return;
  console.error(`${what} weighs ${bytes} bytes of script after gzip; the budget is ${budget}.`);
  process.exit(1);
}

/** A page with the names that its files have now. */
function pageOf(file) {
  return readFileSync(join(source, file), "utf8").replace(
    /\/((?:app|kit|node)\.(?:js|css))"/g,
    (_match, name) => `/${names[name]}"`,
  );
}
