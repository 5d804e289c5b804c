// Builds what is published: the protocol with tsc, WebChat with its own script, the gateway and command line with esbuild.
//
// The gateway's code is CommonJS in chunks. Measured on Node 24 with a warm compile cache, loading http, ws, sqlite and
// typebox takes 88 ms as one CommonJS file and 135 ms as ES modules, which wrap every built-in. esbuild splits only ES
// modules, so the chunks are made as those and then each is turned into CommonJS; `await import()` stays lazy.

import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, transform } from "esbuild";
import { root, runNode, runTool } from "./process.mjs";

const gateway = join(root, "packages/gateway");
const web = join(root, "packages/web");

/** ws names TLS and compression at its top; connections that use neither need not pay for loading them (5 ms). */
const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(https|tls|zlib)$/ }, ({ path, importer }) =>
      importer.includes("/node_modules/ws/") ? { path, namespace: "lazy-builtin" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "lazy-builtin" }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require("node:${path}")[name] });`,
    }));
  },
};

await mustSucceed(runTool("typescript/bin/tsc", ["-p", "packages/protocol/tsconfig.build.json"]));
if (existsSync(join(web, "build.mjs"))) await mustSucceed(runNode(["packages/web/build.mjs"]));
await buildGateway().catch(fail);

/** Bundles into a fresh folder and puts it in place at the end, so that a broken build leaves the last good one. */
async function buildGateway() {
  const fresh = join(gateway, "dist.new");
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: "packages/gateway/src/cli/main.ts" },
    outdir: fresh,
    outExtension: { ".js": ".cjs" },
    entryNames: "[name]",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["moltbot-source"],
    // `require` inside bundled CommonJS packages is the chunk's own: the next step makes it real.
    external: ["bufferutil", "utf-8-validate"],
    plugins: [lazyBuiltins],
    legalComments: "none",
    write: false,
    logLevel: "warning",
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, await toCommonJs(text));
  }
  const assets = join(web, "dist");
  if (existsSync(assets)) cpSync(assets, join(fresh, "web"), { recursive: true });
  const place = join(gateway, "dist");
  const old = join(gateway, "dist.old");
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
  rmSync(old, { recursive: true, force: true });
}

async function toCommonJs(text) {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    target: "node24",
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__url", "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
  });
  const url = 'const __url = require("node:url").pathToFileURL(__filename).href;\n';
  return code.includes("__url") ? url + code : code;
}

/** esbuild has already said what is wrong and where; anything else is a fault of this script. */
function fail(error) {
  if (!error.errors) throw error;
  process.exit(1);
}

/** Ends the build with the tool's own exit code when it failed. */
async function mustSucceed(run) {
  const code = await run;
  if (code !== 0) process.exit(code);
}
