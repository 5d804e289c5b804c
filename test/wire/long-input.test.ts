// Long inputs (security section 6): errors are short and come soon, whatever was sent; nobody else waits.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const gateway = await testGateway({ config: "{ models: { detectLocal: false } }" });
after(() => gateway[Symbol.asyncDispose]());

const admin = await gateway.connect();

/** An object of so many properties that nobody knows. */
const manyKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

test("a stranger's thousands of mistakes get an answer no longer than a page", async () => {
  const { error } = await gateway.refused({ spoil: (params) => ({ ...params, ...manyKeys(5_000) }) });

  assert.match(error?.message ?? "", /^invalid connect params: at root: unexpected property 'k0'; /);
  assert.ok(error!.message.length < 5_000, `${error!.message.length} characters`);
});

const LONG: readonly [what: string, method: string, params: unknown][] = [
  ["unknown properties", "device.pair.list", manyKeys(100_000)],
  ["a list of wrong items", "device.token.rotate", { deviceId: "x", role: "x", scopes: Array(100_000).fill(0) }],
  ["a long property name", "device.pair.list", { ["n".repeat(1_000_000)]: 1 }],
  ["a long value", "device.pair.approve", { requestId: "v".repeat(1_000_000) }],
  ["a long value where a number belongs", "logs.tail", { limit: "v".repeat(1_000_000) }],
  ["a long session key", "chat.history", { sessionKey: "k".repeat(1_000_000) }],
];
for (const [what, method, params] of LONG) {
  test(`${what} is refused in few words`, async () => {
    const { error } = await admin.request(method, params);

    assert.equal(error?.code, "INVALID_REQUEST");
    assert.ok(error.message.length < 5_000, `${error.message.length} characters`);
  });
}

for (const [method, params] of [
  ["backup.verify", { file: "/tmp/a\0b" }],
  ["backup.now", { to: "/tmp/a\0b", plain: true }],
  ["update.run", { from: "/tmp/a\0b" }],
] as const) {
  test(`a path with NUL is refused by ${method} before anything begins`, async () => {
    const { error } = await admin.request(method, params);

    assert.match(error?.message ?? "", new RegExp(`^invalid ${method} params: at /\\w+: must match pattern`));
  });
}

test("a message nested a hundred thousand deep is refused like any other", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

  admin.send(`{"type":"req","id":"deep","method":"device.pair.list","params":${deep}}`);

  assert.equal((await admin.answerTo("deep")).error?.message, "invalid device.pair.list params: must be object");
});

test("a stranger's message nested thirty thousand deep ends that stranger only", async () => {
  const client = await gateway.connectRaw();

  client.send(`${"[".repeat(30_000)}${"]".repeat(30_000)}`);

  assert.deepEqual(await within(client.closed, "the end"), { code: 1008, reason: "invalid request frame" });
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});
