// Builds what is published: the protocol with tsc, WebChat and the A2UI page with their own scripts, the gateway and command line with esbuild.
//
// The form was measured on Node 24 with a warm compile cache. CommonJS: loading http, ws, sqlite and typebox takes 88 ms
// as one CommonJS file and 135 ms as ES modules, which wrap every built-in. Few files: each costs half a millisecond to
// find and read, so every command of the command line is one file that shares nothing (`moltbot health`: 2.56 × bare
// node instead of 2.80 × in a dozen chunks). The gateway is split instead: what it loads on first use stays outside.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { build, transform } from "esbuild";
import { explain, root, runNode, runTool } from "./process.mjs";

const gateway = join(root, "packages/gateway");
const web = join(root, "packages/web");
const fresh = join(gateway, "dist.new");
/** What packages use when somebody has installed it, and do without else. linkedom offers drawing (`canvas`) to pages. */
const NOT_NEEDED = ["bufferutil", "utf-8-validate", "zlib-sync", "erlpack", "canvas", "supports-color"];
/** A file of the gateway that another one loads. */
const REQUIRE = /require\("\.{1,2}\/(?:chunks\/)?([^"/]+\.cjs)"\)/g;

await mustSucceed(runTool("typescript/bin/tsc", ["-p", "packages/protocol/tsconfig.build.json"]));
await mustSucceed(runNode(["packages/web/build.mjs"]));
await mustSucceed(runNode(["packages/a2ui/build.mjs"]));
rmSync(fresh, { recursive: true, force: true });
const builds = [buildGateway(), buildCommands(), buildPageProcess(), buildTransformProcess(), buildFakes()];
for (const { reason } of await Promise.allSettled(builds)) if (reason) fail(reason);
cpSync(join(web, "dist"), join(fresh, "web"), { recursive: true });
cpSync(join(root, "packages/a2ui/dist"), join(fresh, "a2ui"), { recursive: true });
putInPlace();

/** The gateway. esbuild splits only ES modules, so the chunks are turned into CommonJS after. */
async function buildGateway() {
  const { outputFiles, metafile } = await bundle({
    ...common(),
    entryPoints: { gateway: "packages/gateway/src/start/supervise.ts" },
    plugins: [lazyBuiltins(), plainSchemas(), servicesAtStart()],
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    format: "esm",
    write: false,
  });
  const code = new Map();
  for (const { path, text } of outputFiles) {
    const { code: common } = await transform(text, { ...output(), format: "cjs", ...ownUrl(text) });
    code.set(basename(path), common);
  }
  const atStart = loadedAtStart(metafile);
  mkdirSync(join(fresh, "chunks"), { recursive: true });
  writeFileSync(join(fresh, "gateway.cjs"), inAscii(joined(atStart, code)));
  for (const [name, text] of code)
    if (!atStart.includes(name)) writeFileSync(join(fresh, "chunks", name), inAscii(lazy(text, atStart)));
}

/**
 * A single character beyond Latin-1 makes V8 keep the whole source in two bytes a character, for as long as the process
 * lives. esbuild escapes such characters in strings and leaves them in regular expressions, and in raw texts that these are
 * made of; there an escape means the same.
 */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * The services of the slices are loaded by every start, so they are part of its one file: each as a chunk of its own, beside
 * what it shares with others, costs 10 ms and 1 MB. Ends the build when it finds none.
 */
function servicesAtStart() {
  let found = 0;
  return {
    name: "services-at-start",
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /[\\/]slices[\\/].+[\\/]slice\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const [load, service] = /load: \(\) => import\((".+?")\)/.exec(text) ?? [];
        if (load === undefined) return undefined;
        found++;
        const contents = `import * as service from ${service};\n${text.replace(load, "load: async () => service")}`;
        return { contents, loader: "ts" };
      });
      onEnd(() =>
        found > 0 ? undefined : { errors: [{ text: "no slice.ts of a slice was found; look at its path" }] },
      );
    },
  };
}

/** The files that a start loads, those first that others need. */
function loadedAtStart({ outputs }) {
  const names = new Set();
  const add = (path) => {
    if (names.has(basename(path))) return;
    for (const { path: needed, kind } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && outputs[needed]) add(needed);
    }
    names.add(basename(path));
  };
  add(Object.keys(outputs).find((path) => basename(path) === "gateway.cjs"));
  return [...names];
}

/**
 * What a start loads as one file: finding and reading each of two dozen costs half a millisecond. Every part stays a
 * function of its own, so their names do not meet; what is loaded later finds them under `parts`.
 */
function joined(names, code) {
  const find = (text) =>
    text.replace(REQUIRE, (_, name) => (names.includes(name) ? `parts["${name}"]` : `require("./chunks/${name}")`));
  const parts = names.map((name) => {
    const text = find(code.get(name));
    return `parts["${name}"] = ((module) => { const exports = module.exports;\n${text}\nreturn module.exports; })({ exports: {} });`;
  });
  return [
    '"use strict";',
    "const parts = {};",
    ...parts,
    'module.exports = { ...parts["gateway.cjs"], parts };',
    "",
  ].join("\n");
}

/** What is loaded later: parts of the start are taken from there. */
function lazy(text, names) {
  return text.replace(REQUIRE, (whole, name) =>
    names.includes(name) ? `require("../gateway.cjs").parts["${name}"]` : whole,
  );
}

/** A library that asks where its file is (Discord's does) gets the file that it is bundled in. */
function ownUrl(text) {
  if (!text.includes("import.meta.url")) return {};
  return {
    define: { ...output().define, "import.meta.url": "__ownUrl" },
    banner: 'const __ownUrl = require("node:url").pathToFileURL(__filename).href;',
  };
}

/** The entry of the command line and one file for each command. */
async function buildCommands() {
  const folder = "packages/gateway/src/cli/commands";
  const names = readdirSync(join(root, folder))
    .filter((file) => !/^index\.ts$|^gateway-|\.test\.ts$/.test(file))
    .map((file) => basename(file, ".ts"));
  await bundle({
    ...common(),
    ...output(),
    entryPoints: {
      main: "packages/gateway/src/cli/main.ts",
      ...Object.fromEntries(names.map((name) => [`command-${name}`, `${folder}/${name}.ts`])),
    },
    format: "cjs",
    plugins: [lazyBuiltins(), separateFiles()],
  });
  for (const file of readdirSync(fresh).filter((name) => name.startsWith("command-"))) {
    const path = join(fresh, file);
    writeFileSync(path, inAscii(readFileSync(path, "utf8")));
  }
  await build({
    ...common(),
    ...output(),
    entryPoints: { sections: "packages/gateway/src/cli/sections.ts" },
    format: "cjs",
    plugins: [lazyBuiltins(), definitionsOnly()],
  });
  const sections = join(fresh, "sections.cjs");
  writeFileSync(sections, inAscii(readFileSync(sections, "utf8")));
}

/** For who reads definitions and runs nothing of them: what is loaded when something runs stays out. */
function definitionsOnly() {
  return {
    name: "definitions-only",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === "dynamic-import" ? { path, external: true } : undefined,
      );
    },
  };
}

/** The process in which web pages are read. */
async function buildPageProcess() {
  await bundle({
    ...common(),
    outExtension: { ".js": ".mjs" },
    entryPoints: { "page-process": "packages/gateway/src/slices/agent/agent/tools/web/page-process.ts" },
    format: "esm",
    minify: true,
    // What reads PDFs is large, and is loaded for them only.
    external: [...NOT_NEEDED, "unpdf"],
    plugins: [],
    banner: requireBanner(),
  });
}

/** The process in which a transform of a hook runs. */
async function buildTransformProcess() {
  await bundle({
    ...common(),
    outExtension: { ".js": ".mjs" },
    entryPoints: { "transform-process": "packages/gateway/src/slices/automation/hooks/actions/transform-process.ts" },
    format: "esm",
    minify: true,
    plugins: [],
  });
}

/** Bundled CommonJS packages ask for built-ins by `require`. */
function requireBanner() {
  return { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
}

/** The fake platforms that the drill runs against, as modules: one is loaded by a gateway before all else, one is started by it. */
async function buildFakes() {
  await bundle({
    ...common(),
    outdir: join(fresh, "fakes"),
    outExtension: { ".js": ".mjs" },
    entryPoints: {
      index: "packages/fakes/src/index.ts",
      "whatsapp-preload": "packages/fakes/src/whatsapp/preload.ts",
      "signal-cli": "packages/fakes/src/signal/signal-cli.ts",
    },
    chunkNames: "[name]-[hash]",
    format: "esm",
    splitting: true,
    plugins: [],
    banner: requireBanner(),
  });
}

/**
 * Bundles with esbuild. Throws when a bundle loads a package that is not installed with ours: what bundles hold is needed to
 * build them only, so the manifest names the rest.
 */
async function bundle(options) {
  const result = await build({ ...options, metafile: true });
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(gateway, "package.json"), "utf8"));
  const installed = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...NOT_NEEDED];
  const loaded = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports);
  for (const { path, external } of loaded) {
    if (!external || path.startsWith(".") || isBuiltin(path) || installed.includes(path)) continue;
    throw explain(`A bundle loads ${path}; name it in the dependencies of packages/gateway, or bundle it.`, 1);
  }
  return result;
}

function common() {
  return {
    absWorkingDir: root,
    outdir: fresh,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    conditions: ["moltbot-source"],
    // Modules first: the other form of some packages hides their files from bundlers.
    mainFields: ["module", "main"],
    // Baileys is only there when it was installed: it brings a library under the GPL, which we neither bundle nor need.
    external: [...NOT_NEEDED, "@whiskeysockets/baileys"],
    plugins: [lazyBuiltins()],
    legalComments: "none",
    logLevel: "warning",
  };
}

/** Options of whatever writes a CommonJS file. Names stay, so that a stack in the log can be read. */
function output() {
  return {
    platform: "node",
    target: "node24",
    supported: { "dynamic-import": false },
    define: { "import.meta.dirname": "__dirname" },
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
  };
}

/**
 * Built-ins that are named at the top of files and used only when something is done: each is loaded when the first of its
 * functions is called. Processes, threads, TLS and compression cost 15 ms together, and a start needs none of them.
 */
function lazyBuiltins() {
  const names =
    "child_process|dns/promises|fs/promises|https|readline/promises|stream/promises|tls|worker_threads|zlib";
  return {
    name: "lazy-builtins",
    setup({ onResolve, onLoad }) {
      // What is imported when it is used needs no help, and the stand-in itself means the real one.
      onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path, kind, namespace }) =>
        kind === "dynamic-import" || namespace === "lazy-builtin"
          ? undefined
          : { path: path.replace("node:", ""), namespace: "lazy-builtin" },
      );
      onLoad({ filter: /.*/, namespace: "lazy-builtin" }, ({ path }) => {
        const getters = Object.keys(process.getBuiltinModule(path)).map(
          (name) => `get ${name}() { return real().${name}; }`,
        );
        return { contents: `const real = () => require("node:${path}"); module.exports = { ${getters.join(", ")} };` };
      });
    },
  };
}

/**
 * Definitions are made by our own builder of schemas instead of TypeBox's, which takes 90 KB and a tenth of loading the gateway (20 of 220 ms of CPU). The schemas
 * are equal (`plain-type.test.ts`). TypeBox's checker, which is loaded later, reads them as its own.
 */
function plainSchemas() {
  const path = join(gateway, "src/kit/schema/plain-type.ts");
  return {
    name: "plain-schemas",
    setup({ onResolve }) {
      onResolve({ filter: /^@sinclair\/typebox$/ }, () => ({ path }));
    },
  };
}

/** Where one file of the command line ends and the next is loaded, when it is needed. */
function separateFiles() {
  return {
    name: "separate-files",
    setup({ onResolve }) {
      onResolve({ filter: /^@moltbot\/fakes$/ }, () => ({ path: "./fakes/index.mjs", external: true }));
      onResolve({ filter: /\.ts$/ }, ({ path, importer, kind }) => {
        if (kind !== "dynamic-import" && !/[\\/]gateway-run\.ts$/.test(importer)) return undefined;
        const isCommand = /[\\/]commands[\\/]index\.ts$/.test(importer);
        if (isCommand) return { path: `./command-${basename(path, ".ts")}.cjs`, external: true };
        if (path === "../../start/supervise.ts") return { path: "./gateway.cjs", external: true };
        if (basename(path) === "sections.ts") return { path: "./sections.cjs", external: true };
        return undefined;
      });
    },
  };
}

/**
 * The new build takes the old one's place at the very end, so that a broken build leaves the last good one. With
 * `--keep-chunks`, a gateway that still runs on an older build goes on finding what it has not loaded yet.
 */
function putInPlace() {
  const place = join(gateway, "dist");
  const old = join(gateway, "dist.old");
  if (process.argv.includes("--keep-chunks") && existsSync(join(place, "chunks"))) {
    cpSync(join(place, "chunks"), join(fresh, "chunks"), { recursive: true, force: false });
  }
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
  rmSync(old, { recursive: true, force: true });
}

/** esbuild has already said what is wrong and where; anything else is a fault of this script. */
function fail(error) {
  if (!error.errors && error.exitCode === undefined) throw error;
  if (error.exitCode !== undefined) console.error(error.message);
  process.exit(1);
}

/** Ends the build with the tool's own exit code when it failed. */
async function mustSucceed(run) {
  const code = await run;
  if (code !== 0) process.exit(code);
}
