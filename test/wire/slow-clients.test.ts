// Clients that close half of their connection, ask without reading, or ask for so much that they are not read for a while.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { frameBytes } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock });
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

const HEAD = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`.replace(
  "socket\nSec",
  "socket\r\nSec",
);
const CONNECT = frameBytes(
  JSON.stringify({
    ...{ type: "req", id: "c", method: "connect" },
    params: {
      ...{ minProtocol: 3, maxProtocol: 3, auth: { token: gateway.token } },
      client: { id: "cli", version: "1", platform: "linux", mode: "cli", instanceId: "half" },
    },
  }),
);

/** A WebSocket by hand whose client may close its half alone; `until` is what must have come. */
async function halfOpen(bytes: Buffer | undefined, until: string) {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
  socket.write(HEAD);
  if (bytes) socket.write(bytes);
  for (let text = ""; !text.includes(until); ) {
    const [chunk] = await within(once(socket, "data"), until);
    text += String(chunk);
  }
  return socket;
}

async function instances(): Promise<string[]> {
  return (await admin.call("system-presence")).map(({ instanceId }: { instanceId?: string }) => instanceId);
}

for (const [when, bytes, until] of [
  ["before its handshake", undefined, "connect.challenge"],
  ["after its handshake", CONNECT, "hello-ok"],
] as const)
  test(`a client that closes its half ${when} is let go at once`, async () => {
    const socket = await halfOpen(bytes, until);
    socket.resume();

    socket.end();
    await within(once(socket, "close"), "the other half");

    assert.ok(!(await instances()).includes("half"));
  });

test("a client that sends pings and reads nothing is cut off before its pongs fill the memory", async () => {
  const socket = await halfOpen(CONNECT, "hello-ok");
  socket.pause();
  const before = process.memoryUsage().rss;
  const pings = Buffer.concat(Array.from({ length: 500 }, () => frameBytes("x".repeat(125), { opcode: 9 })));
  const isOver = new Promise<boolean>((resolve) => socket.once("close", () => resolve(true)));

  let sent = 0;
  for (let over = false; !over && sent < 2_000_000; sent += 500) {
    if (socket.write(pings)) continue;
    const drained = new Promise<boolean>((resolve) => socket.once("drain", () => resolve(false)));
    over = await within(Promise.race([isOver, drained]), "the gateway to read on");
  }
  socket.destroy();

  assert.ok(sent < 2_000_000, `${sent} pings were taken`);
  assert.ok(process.memoryUsage().rss - before < 300e6);
});

test("a client that is not read while its large request is worked on is not taken for gone", async () => {
  const device = newDeviceKey();
  const node = await gateway.connect({
    ...{ device, role: "node", protocol: 3 },
    spoil: (params) => ({ ...params, commands: ["system.which"] }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName: "disk" },
  });
  const writer = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const params = { path: "/film", base64: "x".repeat(9 * 1024 * 1024) };
  const call = { nodeId: device.id, command: "system.which", params, timeoutMs: 600_000, idempotencyKey: "film" };
  const answer = writer.request("node.invoke", call);
  const { payload } = await node.nextOf("node.invoke.request");

  for (let minute = 0; minute < 5; minute++) {
    clock.advance(30_000);
    await Promise.all([admin.flushed(), node.flushed()]);
  }
  const before = writer.socket.readyState;
  await node.call("node.invoke.result", { id: payload.id, nodeId: device.id, ok: true, payloadJSON: '"written"' });
  const { payload: written } = await answer;
  await gateway.pass(90_000);

  assert.equal(before, writer.socket.OPEN);
  assert.equal(written.payload, "written");
  assert.equal(writer.socket.readyState, writer.socket.OPEN);
});
