#!/usr/bin/env node
// Starts the built command line. Does only what must happen before any of it is loaded: the Node version, the
// compile caches, which spare every later start the parsing, and a listener for SIGUSR1.

const { env, execPath, exit, stderr, versions } = process;
const major = Number(versions.node.split(".")[0]);

if (major >= 24) {
  // Without a listener Node opens its debugger at this signal, to every program of this machine. A reload may be asked for twice.
  process.on("SIGUSR1", () => {});
  const { createRequire, enableCompileCache } = process.getBuiltinModule("node:module");
  const require = createRequire(import.meta.url);
  if (!env.NODE_DISABLE_COMPILE_CACHE) {
    const { compiledFolders, keepCompiled } = require("./compiled.cjs");
    const folders = compiledFolders(cacheFolder());
    if (folders) enableCompileCache(folders.node);
    // Coverage counts functions that come from a cache as not there.
    if (folders && !env.NODE_V8_COVERAGE) keepCompiled(folders);
  }
  require("../dist/main.cjs");
} else {
  const { existsSync } = await import("node:fs");
  const { spawn } = await import("node:child_process");
  const { fileURLToPath } = await import("node:url");
  const pinned = fileURLToPath(new URL("../../../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(pinned) || pinned === execPath) {
    stderr.write(`moltbot needs Node 24 or newer and this is ${versions.node}; install it from https://nodejs.org\n`);
    // A supervisor must not try again (EX_CONFIG of sysexits.h).
    exit(78);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"]) process.on(signal, () => child.kill(signal));
  child.once("close", (code) => exit(code ?? 1));
}

/** A private folder of this user: compiled code is executed as it is read. */
function cacheFolder() {
  const home = env.HOME ?? env.USERPROFILE ?? process.getBuiltinModule("node:os").homedir();
  return `${env.XDG_CACHE_HOME || `${home}/.cache`}/moltbot`;
}
