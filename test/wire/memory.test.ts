// What clients can make the gateway hold (protocol section 6): slow readers share one bound, large requests are read as they are handled.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Home, type RunningGateway } from "../cli/harness.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { within } from "../support/time-limit.ts";
import { type Handshake, WireClient } from "../support/wire-client.ts";

const MB = 1024 * 1024;
const SLOW_READERS = 200;
/** Together more than the system keeps for a reader and one reader alone may leave unread; small, as most events are. */
const EVENTS = 3_000;
const EVENT_CHARS = 4_000;
/** What the readers may cost together, and what a gateway that has handled as many requests takes anyway. */
const MAX_GROWTH_MB = 60 + 40;

async function connect({ url, token }: RunningGateway, handshake: Handshake = {}): Promise<WireClient> {
  const client = new WireClient(url, { token });
  await client.opened();
  await client.shakeHands(handshake);
  return client;
}

function rssMb({ pid }: RunningGateway): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** Publishes small events, each of another text, fifty at a time. */
async function publish(admin: WireClient): Promise<void> {
  for (let done = 0; done < EVENTS; done += 50) {
    const beacons = Array.from({ length: 50 }, (_, index) => ({
      text: `news ${done + index}`.padEnd(EVENT_CHARS, "."),
      instanceId: "news",
    }));
    await Promise.all(beacons.map((beacon) => admin.call("system-event", beacon)));
    admin.frames.length = 0;
  }
}

/** Resolves with the bytes that a client cannot send, once the gateway takes no more. */
async function stalledBytes({ socket }: WireClient): Promise<number> {
  for (let left = socket.bufferedAmount, same = 0; ; left = socket.bufferedAmount) {
    await sleep(100);
    same = socket.bufferedAmount === left ? same + 1 : 0;
    if (same === 10 || left === 0) return left;
  }
}

test("two hundred readers that read nothing cost 60 MB together, and stay connected", async (context) => {
  if (!existsSync("/proc/self/status")) return context.skip("memory is read from /proc");
  using home = new Home();
  await using gateway = await home.gateway();
  const admin = await connect(gateway);
  const slow = await Promise.all(Array.from({ length: SLOW_READERS }, () => connect(gateway)));
  for (const { socket } of slow) socket.pause();
  const before = rssMb(gateway);

  await publish(admin);

  const grown = rssMb(gateway) - before;
  assert.ok(grown <= MAX_GROWTH_MB, `${grown} MB`);
  assert.ok(slow.every(({ socket }) => socket.readyState === socket.OPEN));
  for (const { socket } of [admin, ...slow]) socket.terminate();
});

test("large requests that wait for their answers are read no faster than they are answered, and none is lost", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  // Of protocol 4, what a method does not know is left out; it has come over the wire all the same.
  const [admin, eager] = [
    await connect(gateway),
    await connect(gateway, { protocol: 4, device: newDeviceKey(), scopes: ["operator.write"] }),
  ];
  const params = { runId: "later", timeoutMs: 600_000, note: "x".repeat(MB) };
  const ids = Array.from({ length: 40 }, (_, index) => `wait-${index}`);

  for (const id of ids) eager.send({ type: "req", id, method: "agent.wait", params });
  const unread = await stalledBytes(eager);
  await admin.call("chat.send", { sessionKey: "main", message: "/help", idempotencyKey: "later" });
  const answers = await within(Promise.all(ids.map((id) => eager.answerTo(id))), "all answers", 60_000);

  assert.ok(unread > 16 * MB, `the gateway took all but ${unread / MB} of 40 MB`);
  assert.deepEqual(new Set(answers.map(({ payload }) => payload.status)), new Set(["ok"]));
  for (const { socket } of [admin, eager]) socket.terminate();
});
