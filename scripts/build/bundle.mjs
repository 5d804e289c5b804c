// What every bundle of the gateway and its command line is made with.

import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { explain, root } from "../process.mjs";

export const gateway = join(root, "packages/gateway");
/** Where a build is made before it takes the place of the last one. */
export const fresh = join(gateway, "dist.new");
/** What packages use when somebody has installed it, and do without else. linkedom offers drawing (`canvas`) to pages. */
export const NOT_NEEDED = ["bufferutil", "utf-8-validate", "zlib-sync", "erlpack", "canvas", "supports-color"];
/**
 * Bundles with esbuild. Throws when a bundle loads a package that is not installed with ours: what bundles hold is needed to
 * build them only, so the manifest names the rest.
 */
export async function bundle(options) {
  const result = await build({ ...options, metafile: true });
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(gateway, "package.json"), "utf8"));
  const installed = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...NOT_NEEDED];
  const loaded = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports);
  for (const { path, external } of loaded) {
    if (!external || /^(\.|part:)/.test(path) || isBuiltin(path) || installed.includes(path)) continue;
    throw explain(`A bundle loads ${path}; name it in the dependencies of packages/gateway, or bundle it.`, 1);
  }
  return result;
}

export function common() {
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
export function output() {
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
 * functions is called. Processes, threads, TLS and compression cost 15 ms together, and a start needs none of them. Help, the
 * version and most completions need no cryptography either (5 ms).
 */
export function lazyBuiltins() {
  const names =
    "child_process|crypto|dns/promises|fs/promises|https|readline/promises|stream/promises|tls|tty|worker_threads|zlib";
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
        // Kept: `require` looks a name up anew each time, which was a tenth of what a handshake leaves to be collected.
        const real = `let found; const real = () => (found ??= require("node:${path}"));`;
        return { contents: `${real} module.exports = { ${getters.join(", ")} };` };
      });
    },
  };
}

/**
 * A single character beyond Latin-1 makes V8 keep the whole source in two bytes a character, for as long as the process
 * lives. esbuild escapes such characters in strings and leaves them in regular expressions, and in raw texts that these are
 * made of; there an escape means the same.
 */
export function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
