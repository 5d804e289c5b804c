// Builds what is published: the protocol with tsc, WebChat and the A2UI page with their own scripts, the gateway and command line with esbuild.
//
// The form was measured on Node 24 with a warm compile cache. CommonJS: loading http, ws, sqlite and typebox takes 88 ms
// as one CommonJS file and 135 ms as ES modules, which wrap every built-in. Few files: each costs half a millisecond to
// find and read, so every command of the command line is one file that shares nothing (`moltbot health`: 2.56 × bare
// node instead of 2.80 × in a dozen chunks). The gateway is split instead; see `build/gateway.mjs`.

import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { bundle, common, fresh, gateway, inAscii, lazyBuiltins, NOT_NEEDED, output } from "./build/bundle.mjs";
import { buildGateway } from "./build/gateway.mjs";
import { root, runNode, runTool } from "./process.mjs";

const web = join(root, "packages/web");

await mustSucceed(runTool("typescript/bin/tsc", ["-p", "packages/protocol/tsconfig.build.json"]));
await mustSucceed(runNode(["packages/web/build.mjs"]));
await mustSucceed(runNode(["packages/a2ui/build.mjs"]));
rmSync(fresh, { recursive: true, force: true });
const builds = [buildGateway(), buildCommands(), buildPageProcess(), buildTransformProcess(), buildFakes()];
for (const { reason } of await Promise.allSettled(builds)) if (reason) fail(reason);
cpSync(join(web, "dist"), join(fresh, "web"), { recursive: true });
cpSync(join(root, "packages/a2ui/dist"), join(fresh, "a2ui"), { recursive: true });
putInPlace();

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
      "command-gateway-others": "gateway-others",
    },
    format: "cjs",
    plugins: [lazyBuiltins(), gatewayOthers(join(root, folder)), separateFiles()],
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

/** What `moltbot gateway` loads for its other commands than the start, which so reads 75 KB instead of 280. */
function gatewayOthers(folder) {
  return {
    name: "gateway-others",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (path === "gateway-others") return { path, namespace: path };
        if (kind !== "dynamic-import" || importer !== join(folder, "gateway.ts") || path === "./gateway-run.ts")
          return undefined;
        return { path: "./command-gateway-others.cjs", external: true };
      });
      onLoad({ filter: /./, namespace: "gateway-others" }, () => {
        const imports = readFileSync(join(folder, "gateway.ts"), "utf8").matchAll(/import\((".+?")\)/g);
        const others = new Set([...imports].map(([, path]) => path).filter((path) => !path.includes("gateway-run")));
        return { contents: [...others].map((path) => `export * from ${path};`).join("\n"), resolveDir: folder };
      });
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
  if (process.argv.includes("--keep-chunks") && existsSync(place)) {
    const kept = readdirSync(place).filter((name) => name === "chunks" || name.startsWith("gateway-later-"));
    for (const name of kept) cpSync(join(place, name), join(fresh, name), { recursive: true, force: false });
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
