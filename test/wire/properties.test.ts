// Properties of the wire: whatever is sent, nothing crashes or hangs, and each request gets exactly one final answer.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { frameBytes, RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";
import type { ConnectParams, Frame, WireClient } from "../support/wire-client.ts";

const gateway = await testGateway({ config: "{ models: { detectLocal: false } }" });
after(() => gateway[Symbol.asyncDispose]());

const bystander = await gateway.connect();
const device = newDeviceKey();

/** The gateway still answers somebody else. */
async function assertHealthy() {
  assert.equal((await bystander.request("last-heartbeat")).ok, true);
}

/** Answers in the order in which they came, up to that of a request which is sent behind everything else. */
async function answersOf(client: WireClient, send: () => void): Promise<Frame[]> {
  const before = client.frames.length;
  send();
  await client.request("last-heartbeat");
  const answers = client.frames.slice(before).filter(({ type }) => type === "res");
  return answers.slice(0, -1);
}

const jsonText = fc.json({ maxDepth: 4 });

test("whatever JSON comes first, it is answered at most once and the connection ends with a code", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        jsonText,
        fc.string(),
        fc.jsonValue().map((params) => JSON.stringify({ type: "req", id: "1", method: "connect", params })),
      ),
      async (text) => {
        const client = await gateway.connectRaw();
        await client.nextOf("connect.challenge");

        client.send(text);
        const { code } = await within(client.closed, "the end");

        assert.ok([1000, 1002, 1008].includes(code), `${code}`);
        assert.ok(client.frames.length <= 2);
      },
    ),
    { numRuns: 80 },
  );
  await assertHealthy();
});

test("a connect with any one value changed is granted or refused, never left hanging", async () => {
  const paths = [
    "minProtocol",
    "maxProtocol",
    "client",
    "client.id",
    "client.mode",
    "client.platform",
    "role",
    "scopes",
  ];
  const more = [
    "auth",
    "auth.token",
    "device",
    "device.id",
    "device.publicKey",
    "device.signature",
    "device.signedAt",
    "device.nonce",
    "caps",
    "permissions",
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths, ...more), fc.jsonValue({ maxDepth: 3 }), async (path, value) => {
      const client = await gateway.connectRaw();

      const answer = await client.shakeHands({
        device,
        scopes: ["operator.read"],
        spoil: (params) => changed(params, path, value),
      });

      if (answer.ok) assert.equal(answer.payload.type, "hello-ok");
      else
        assert.equal(
          (await within(client.closed, "the end")).code,
          answer.error?.message === "protocol mismatch" ? 1002 : 1008,
        );
      client.socket.terminate();
    }),
    { numRuns: 150 },
  );
  await assertHealthy();
});

/** A copy of the params with another value at a dotted path. */
function changed(params: ConnectParams, path: string, value: unknown): unknown {
  const copy = structuredClone(params) as Record<string, unknown>;
  const [name, inner] = path.split(".") as [string, string?];
  copy[name] = inner === undefined ? value : { ...(copy[name] as object), [inner]: value };
  return copy;
}

test("after the handshake every JSON text is answered once, and nothing else is", async () => {
  const client = await gateway.connect();
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(jsonText, fc.string(), fc.constant("{")), { maxLength: 20 }), async (texts) => {
      const answers = await answersOf(client, () => {
        for (const text of texts) client.send(text);
      });

      assert.equal(answers.length, texts.filter(isJson).length);
      for (const { ok, error } of answers) {
        assert.equal(ok, false);
        assert.match(error?.message ?? "", /^invalid request frame: /);
      }
    }),
    { numRuns: 100 },
  );
  await assertHealthy();
});

/** They wait for a run, or for a person. */
const WAITING = new Set(["agent.wait", "exec.approval.request"]);

/** They end the gateway, or put another state in its place. */
const ENDING = new Set(["gateway.restart", "backup.restore", "backup.undo", "update.run", "update.undo"]);

/** Methods that may be called with anything: all but those whose work is to wait or to end the gateway. */
const CALLABLE = [...METHODS.values()].filter(({ name }) => !WAITING.has(name) && !ENDING.has(name));

/** A request for a real method: known params with any value, at times one that nobody knows. */
const call = fc.constantFrom(...CALLABLE).chain(({ name, params }) => {
  const keys = Object.keys(params.properties);
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string(),
    fc.nat(2_000),
    fc.constantFrom("main", "operator", "help"),
  );
  return fc.record({
    method: fc.constant(name),
    params: fc.dictionary(
      keys.length > 0 ? fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()) : fc.string(),
      value,
      {
        maxKeys: 4,
      },
    ),
  });
});

/** The first of two answers, which is not the final one. */
const isAck = ({ payload }: Frame) => payload?.status === "accepted";

test("every request for a method gets exactly one final answer, whatever its params", async () => {
  const client = await gateway.connect();
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (requests) => {
      const ids = requests.map(() => `call ${++calls}`);
      const before = client.frames.length;

      for (const [index, request] of requests.entries()) client.send({ type: "req", id: ids[index], ...request });
      for (const id of ids) while (isAck(await client.answerTo(id)));

      const finals = client.frames.slice(before).filter((frame) => frame.type === "res" && !isAck(frame));
      assert.deepEqual(finals.map(({ id }) => id).toSorted(), ids.toSorted());
      for (const { ok, error } of finals) assert.ok(ok || error?.message !== "internal error");
    }),
    { numRuns: 150 },
  );
  await assertHealthy();
});

test("any bytes on a WebSocket end at worst that WebSocket", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { minLength: 1, maxLength: 4 }),
      async (chunks) => {
        const { raw } = await RawSocket.upgrade(gateway.port);

        raw.write(...chunks.map((chunk) => Buffer.from(chunk)));
        raw.write(frameBytes("", { opcode: 8 }));
        raw.socket.end();

        await within(raw.ended, "the end");
      },
    ),
    { numRuns: 60 },
  );
  await assertHealthy();
});
