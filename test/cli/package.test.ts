// The package as it is published: what `npm pack` puts into it runs beside nothing but what its manifest names.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WireClient } from "../support/wire-client.ts";
import { Home } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "moltbot-package-"));
const installed = join(folder, "node_modules", "moltbot");
const entry = [join(installed, "bin/moltbot.mjs")];

/** Notes the files that a process loads, and who has asked for each. */
const WATCH = `
  const Module = require("node:module");
  const load = Module._load;
  Module._load = (...asked) => {
    if (asked[0].startsWith(".")) require("node:fs").appendFileSync(process.env.LOADED, asked[0] + new Error().stack + "\\n");
    return load(...asked);
  };
`;

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

test("a gateway reads what no start runs when the first request comes, not for hello-ok", async () => {
  using home = new Home(entry);
  const list = join(folder, "loaded.txt");
  const watch = join(folder, "watch.cjs");
  writeFileSync(list, "");
  writeFileSync(watch, WATCH);
  await using gateway = await home.gateway([], { NODE_OPTIONS: `--require=${watch}`, LOADED: list });
  using client = new WireClient(gateway.url, { token: gateway.token });
  const isRead = () => /^\.\/gateway-later-/m.test(readFileSync(list, "utf8"));

  await client.opened();
  await client.shakeHands();
  const atHello = isRead();
  await client.call("health");

  assert.deepEqual([atHello, isRead()], [false, true], readFileSync(list, "utf8"));
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
