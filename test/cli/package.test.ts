// The package as it is published: what `npm pack` puts into it runs beside nothing but what its manifest names.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Home } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "moltbot-package-"));
const installed = join(folder, "node_modules", "moltbot");
const entry = [join(installed, "bin/moltbot.mjs")];

before(() => {
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const tarball = execFileSync("npm", pack, { cwd: join(root, "packages/gateway"), encoding: "utf8" }).trim();
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, tarball), "-C", installed, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies))
    cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("the packed gateway starts, answers a message, and is found by its command line", async () => {
  using home = new Home(entry);
  await using _gateway = await home.gateway();

  const health = await home.run(["health"]);
  const answer = await home.run(["agent", "--message", "/help"]);

  assert.deepEqual([health.code, answer.code, answer.stderr], [0, 0, ""]);
  assert.match(answer.stdout, /\/help/);
});

test("what a gateway loads is all ASCII, so that V8 keeps one byte of source for each character", () => {
  const dist = join(installed, "dist");
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cjs"));

  const others = files.filter((name) => readFileSync(join(dist, name)).some((byte) => byte > 0x7f));

  assert.ok(files.includes("gateway.cjs"));
  assert.deepEqual(others, []);
});

test("the packed gateway talks to a platform over its bundled library", async () => {
  using home = new Home(entry);

  const { code, stdout, stderr } = await home.run(["drill", "--channel", "telegram", "--kills", "1", "--burst", "1"]);

  assert.deepEqual([code, stderr], [0, ""], stdout);
});
