// `npx` of the packed tarball under a new home folder: npm installs it with what its manifest names, and it runs. An older Node
// is told so in a sentence.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeRegistry } from "../fakes/npm-registry.ts";
import { BUILT } from "../support/program.ts";
import { LIMIT_MS } from "../support/time-limit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "moltbot-npx-"));
const home = join(folder, "home");
const { version, dependencies } = JSON.parse(readFileSync(join(root, "packages/gateway/package.json"), "utf8"));
let tarball = "";

before(() => {
  mkdirSync(home);
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const name = execFileSync("npm", pack, { cwd: join(root, "packages/gateway"), encoding: "utf8" }).trim();
  tarball = join(folder, name);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The files of a package that lies here, for a registry that serves it. */
function filesOf(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  const files = names.filter((each) => statSync(join(path, each)).isFile());
  return Object.fromEntries(files.map((each) => [each, readFileSync(join(path, each), "utf8")]));
}

async function run(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv) {
  const [program, ...words] = command;
  const child = spawn(program, words, { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  clearTimeout(late);
  return { code: code as number | null, stdout, stderr };
}

test("npx of the tarball installs it under a new home and runs it", async () => {
  const [[name = "", needed = ""] = []] = Object.entries<string>(dependencies);
  assert.deepEqual(Object.keys(dependencies), [name], "this test serves one dependency");
  await using registry = await fakeRegistry(name, { [needed]: { files: filesOf(join(root, "node_modules", name)) } });
  const env = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    HOME: home,
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, "cache"),
    npm_config_omit: "optional",
    npm_config_update_notifier: "false",
    npm_config_loglevel: "error",
  };

  const npx = ["npm", "exec", "--yes", `--package=${tarball}`, "--", "moltbot"] as const;
  const shown = await run([...npx, "--version"], env);
  const doctor = await run([...npx, "status"], env);

  assert.deepEqual([shown.code, shown.stdout.trim()], [0, version], shown.stderr);
  assert.equal(doctor.code, 3, doctor.stderr);
  assert.match(doctor.stderr + doctor.stdout, /No gateway/);
  assert.ok(registry.asked.includes(`/${name}`));
});

/** A Node before 24 that is on this machine. */
function olderNode(): string | undefined {
  const found = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, "node"));
  return found.find((path) => {
    try {
      const major = Number(/^v(\d+)/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))?.[1]);
      return major >= 16 && major < 24;
    } catch {
      return false;
    }
  });
}

const older = olderNode();

test("an older Node is told in one sentence what to do, with the exit code that keeps a supervisor from trying again", {
  skip: older === undefined && "no Node before 24 is on the PATH",
}, async () => {
  const installed = join(folder, "installed");
  mkdirSync(installed);
  execFileSync("tar", ["-xzf", tarball, "-C", installed]);
  assert.ok(BUILT[0]?.endsWith("bin/moltbot.mjs"));

  const outcome = await run([older!, join(installed, "package", "bin", "moltbot.mjs"), "gateway"], { HOME: home });

  const { stdout, stderr, code } = outcome;
  assert.deepEqual([code, stdout], [78, ""]);
  assert.match(
    stderr,
    /^moltbot needs Node 24 or newer and this is \d+\.\d+\.\d+; install it from https:\/\/nodejs\.org\n$/,
  );
});
