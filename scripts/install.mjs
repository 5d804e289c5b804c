// Installs the dependencies when node_modules does not match package-lock.json, and says so while it does.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { explain, root } from "./process.mjs";

const lockPath = join(root, "package-lock.json");
const stampPath = join(root, "node_modules", ".stamp-lock");

/** Makes node_modules match the lockfile; near instant when it already does. */
export async function ensureDependencies() {
  const lockText = readFileSync(lockPath, "utf8");
  const hash = createHash("sha256").update(lockText).digest("hex");
  if (read(stampPath) === hash) return;
  if (!isInstalled(requiredPackages(JSON.parse(lockText)))) await install();
  writeFileSync(stampPath, hash);
}

/** What the lockfile names for every machine: folder → version. The rest is optional, for other platforms. */
function requiredPackages(lock) {
  const entries = Object.entries(lock.packages).filter(
    ([folder, entry]) => folder.startsWith("node_modules/") && !entry.link && !entry.optional,
  );
  return new Map(entries.map(([folder, entry]) => [folder, entry.version]));
}

/** Whether somebody ran npm by hand: npm records what it installed in node_modules. */
function isInstalled(required) {
  const recorded = read(join(root, "node_modules", ".package-lock.json"));
  if (!recorded || !existsSync(join(root, "node_modules", "node", "bin"))) return false;
  const { packages } = JSON.parse(recorded);
  return [...required].every(([folder, version]) => packages[folder]?.version === version);
}

/**
 * `npm install` keeps to the versions of the lockfile as `npm ci` does; unlike that, it leaves what is right in place and
 * does not mind when the lockfile was written on a machine whose registry lacks binaries for another platform.
 */
async function install() {
  console.error("Installing the packages that package-lock.json names into node_modules (once, about a minute).");
  const npm = process.env.npm_execpath?.endsWith(".js")
    ? [process.execPath, process.env.npm_execpath]
    : [process.platform === "win32" ? "npm.cmd" : "npm"];
  const [command, ...first] = npm;
  const child = spawn(command, [...first, "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=http"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell: command.endsWith(".cmd"),
  });
  const tail = [];
  const progress = downloadCounter();
  const watch = (stream) =>
    createInterface({ input: stream }).on("line", (line) => {
      if (/^npm http (fetch|cache)/.test(line)) return progress.step(line);
      tail.push(line);
      if (tail.length > 20) tail.shift();
    });
  watch(child.stdout);
  watch(child.stderr);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).catch((error) => {
    throw explain(`npm did not start (${error.message}). Install npm 10 or newer and run the command again.`);
  });
  progress.end();
  if (code === 0) return;
  throw explain(
    `${tail.join("\n")}\n\nnpm ended with code ${code}; the last lines it wrote are above. ` +
      "Check the network connection and the free disk space, then run the same command again.",
  );
}

/** Counts downloads: one rewritten line on a terminal, a line now and then elsewhere. */
function downloadCounter() {
  const live = process.stderr.isTTY;
  let done = 0;
  return {
    step(line) {
      if (!line.includes(".tgz")) return;
      done += 1;
      if (live) process.stderr.write(`\r\x1b[K  ${done} packages fetched`);
      else if (done % 50 === 0) process.stderr.write(`  ${done} packages fetched\n`);
    },
    end() {
      if (live) process.stderr.write("\r\x1b[K");
    },
  };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
