// What the command line says when it is used wrongly, and how it exits. No gateway runs here.

import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

const NOBODY = "ws://127.0.0.1:9";

test("a mistyped command exits 2 and names the nearest one", async () => {
  using home = new Home();

  const outcome = await home.run(["helth"]);

  assert.deepEqual(outcome, {
    code: 2,
    stdout: "",
    stderr: "There is no command `moltbot helth`. Did you mean `moltbot health`? See `moltbot --help`.\n",
  });
});

test("a mistyped subcommand exits 2 and names the nearest one", async () => {
  using home = new Home();

  const outcome = await home.run(["devices", "aprove"]);

  assert.deepEqual(outcome, {
    code: 2,
    stdout: "",
    stderr:
      "There is no command `moltbot devices aprove`. Did you mean `moltbot devices approve`? See `moltbot devices --help`.\n",
  });
});

test("an unknown flag exits 2 and names the nearest one", async () => {
  using home = new Home();

  const outcome = await home.run(["health", "--tokn", "x"]);

  assert.deepEqual(outcome, {
    code: 2,
    stdout: "",
    stderr: "`moltbot health` has no flag --tokn. Did you mean --token? See `moltbot health --help`.\n",
  });
});

test("two letters are not taken for the beginning of another flag", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["message", "send", "--to", "+15550100"]);

  assert.deepEqual(
    [code, stderr],
    [2, "`moltbot message send` has no flag --to. See `moltbot message send --help`.\n"],
  );
});

test("a flag without its value exits 2", async () => {
  using home = new Home();

  const outcome = await home.run(["health", "--url"]);

  assert.deepEqual(outcome, {
    code: 2,
    stdout: "",
    stderr: "--url needs a value (URL). See `moltbot health --help`.\n",
  });
});

test("a flag that is followed by another does not swallow it", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--url", "--json"]);

  assert.deepEqual([code, stderr], [2, "--url needs a value (URL). If it begins with a dash, write --url=--json.\n"]);
});

test("a number that is none exits 2", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--timeout", "soon"]);

  assert.deepEqual([code, stderr], [2, '--timeout is a number that is not negative, not "soon".\n']);
});

test("a word too many exits 2", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "now"]);

  assert.deepEqual(
    [code, stderr],
    [2, '"now" is one word too many for `moltbot health`. See `moltbot health --help`.\n'],
  );
});

test("an unknown flag before any command is refused, and so is a mistyped word where a name is taken", async () => {
  using home = new Home();

  const flag = await home.run(["--jsn"]);
  const word = await home.run(["pairing", "aprove"]);

  assert.deepEqual(
    [flag.code, flag.stderr],
    [2, "`moltbot` has no flag --jsn. Did you mean --json? See `moltbot --help`.\n"],
  );
  assert.deepEqual(
    [word.code, word.stderr],
    [
      2,
      "There is no command `moltbot pairing aprove`. Did you mean `moltbot pairing approve`? See `moltbot pairing --help`.\n",
    ],
  );
});

test("a gateway that is down exits 3 and says how to start it", async () => {
  using home = new Home();

  const outcome = await home.run(["health"], { env: { MOLTBOT_GATEWAY_PORT: "9" } });

  assert.deepEqual(outcome, {
    code: 3,
    stdout: "",
    stderr: "No gateway answers at ws://127.0.0.1:9. Start it with `moltbot gateway`, or name another with --url.\n",
  });
});

test("a named gateway that is down exits 3 with the reason", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--url", NOBODY]);

  assert.deepEqual(
    [code, stderr],
    [3, `No gateway answers at ${NOBODY} (ECONNREFUSED). Check that it runs there and that the address is right.\n`],
  );
});

test("a chat with a gateway that is down ends at once", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["chat", "--url", NOBODY]);

  assert.equal(code, 3);
  assert.match(stderr, /^No gateway answers at ws:/);
});

test("a state folder that cannot be made is named", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health"], { env: { MOLTBOT_STATE_DIR: "/dev/null/state" } });

  assert.deepEqual([code, stderr.split("\n").length], [1, 2]);
  assert.match(stderr, /^\/dev\/null\/state.* cannot be used \(ENOTDIR\); a part of this path is a file and no folder/);
});

test("an http address is refused with the right one", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--url", "http://127.0.0.1:18789"]);

  assert.deepEqual(
    [code, stderr],
    [
      2,
      `The gateway's address must begin with ws:// or wss://, not "http://127.0.0.1:18789". Use ws://127.0.0.1:18789.\n`,
    ],
  );
});

test("a TLS fingerprint on ws:// is refused", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--url", NOBODY, "--tls-fingerprint", "ab"]);

  assert.deepEqual(
    [code, stderr],
    [2, `A TLS fingerprint needs a wss:// address; ${NOBODY} has no certificate to check.\n`],
  );
});

test("bad JSON in --params exits 2 and shows where", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["gateway", "call", "health", "--params", "{probe: true}"]);

  assert.equal(code, 2);
  assert.match(stderr, /^--params is not valid JSON: see position 1\. Quote it for the shell/);
});

test("a profile name that is a path is refused", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["health", "--profile", "../x"]);

  assert.equal(code, 1);
  assert.match(stderr, /^The profile name "\.\.\/x" is not valid; use letters, digits, "-" and "_"\.\n$/);
});

test("a failure shows its stack only with MOLTBOT_DEBUG=1", async () => {
  using home = new Home();

  const plain = await home.run(["health", "--url", NOBODY]);
  const debug = await home.run(["health", "--url", NOBODY], { env: { MOLTBOT_DEBUG: "1" } });

  assert.doesNotMatch(plain.stderr, /\n\s+at /);
  assert.match(debug.stderr, /\n\s+at /);
});

test("stopping a gateway that does not run is not a failure", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["gateway", "stop"]);

  assert.deepEqual([code, stdout], [0, `No gateway runs on ${home.stateDir}.\n`]);
});

for (const [what, name, make, advice] of [
  ["a file", "file", (path: string) => writeFileSync(path, "x"), /a part of this path is a file and no folder; choose/],
  [
    "a link to itself",
    "loop",
    (path: string) => symlinkSync(path, path),
    /links lead round in a circle; choose another place/,
  ],
  ["too long a name", "n".repeat(300), () => {}, /name is too long; choose another place with MOLTBOT_STATE_DIR/],
] as const)
  test(`a state folder that is ${what} is named, with what to do`, async () => {
    using home = new Home();
    const place = join(home.stateDir, "..", name);
    make(place);

    for (const words of [["gateway", "--port", "0"], ["doctor"]]) {
      const { code, stdout, stderr } = await home.run(words, { env: { MOLTBOT_STATE_DIR: place } });

      assert.notEqual(code, 0);
      assert.match(stdout + stderr, advice, words.join(" "));
    }
  });
