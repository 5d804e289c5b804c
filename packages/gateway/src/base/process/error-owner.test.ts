import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** What a process prints and how it ends when `body` runs in it under the guard. */
function inProcess(body: string): { stdout: string; code: number | null } {
  const module = new URL("./error-owner.ts", import.meta.url).href;
  const program = `
    import { guardProcess, runOwnedBy, runUnowned } from ${JSON.stringify(module)};
    import { EventEmitter } from "node:events";
    const print = (text) => process.stdout.write(text + "\\n");
    guardProcess({ error: (sentence) => print("log: " + sentence) });
    const owner = { crashed: (error) => print("owner: " + error.message) };
    ${body}
    setTimeout(() => { print("alive"); process.exit(0); }, 100);
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  return { stdout, code: status };
}

const escapes = [
  ["a rejection nobody waits for", `runOwnedBy(owner, () => { Promise.reject(new Error("x")); });`],
  [
    "a rejection much later",
    `runOwnedBy(owner, async () => { await new Promise((r) => setTimeout(r, 10)); throw new Error("x"); });`,
  ],
  ["an exception in a timer", `runOwnedBy(owner, () => { setTimeout(() => { throw new Error("x"); }, 1); });`],
  [
    "an error event without a listener",
    `runOwnedBy(owner, () => { setImmediate(() => new EventEmitter().emit("error", new Error("x"))); });`,
  ],
] as const;

for (const [what, body] of escapes) {
  test(`${what} ends its owner's work, not the process`, () => {
    assert.deepEqual(inProcess(body), { stdout: "owner: x\nalive\n", code: 0 });
  });
}

test("a rejection of our own is logged", () => {
  const { stdout, code } = inProcess(`runOwnedBy(owner, () => runUnowned(() => { Promise.reject(new Error("x")); }));`);

  assert.equal(stdout, "log: a promise was rejected and nobody waited for it\nalive\n");
  assert.equal(code, 0);
});

test("an exception of our own ends the process", () => {
  const { stdout, code } = inProcess(`setTimeout(() => { throw new Error("x"); }, 1);`);

  assert.equal(stdout, "log: the gateway ends after an unexpected error\n");
  assert.equal(code, 1);
});
