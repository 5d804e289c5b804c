import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Subject } from "./subject.ts";

/** A gateway that lets everybody in and leaves the first `slow` requests without an answer. */
const PROGRAM = (slow: number) => `
import { writeFileSync } from "node:fs";
import { WebSocketServer } from "ws";
let left = ${slow};
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("listening", () => {
  const url = "ws://127.0.0.1:" + server.address().port;
  writeFileSync(process.env.MOLTBOT_STATE_DIR + "/gateway.json", JSON.stringify({ pid: process.pid, url }));
});
server.on("connection", (socket) => {
  const say = (frame) => socket.send(JSON.stringify(frame));
  say({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: Date.now() } });
  socket.on("message", (data) => {
    const { id, method } = JSON.parse(data);
    const hello = { type: "hello-ok", protocol: 4, server: { version: "1", connId: "c" },
      features: { methods: [], events: [] }, snapshot: {}, policy: { tickIntervalMs: 30000 } };
    if (method === "connect") return say({ type: "res", id, ok: true, payload: hello });
    if (left-- > 0) return;
    say({ type: "res", id, ok: true, payload: { channelAccounts: {} } });
  });
});
`;

async function asked(slow: number, timeouts: { answerMs: number; limitMs: number }): Promise<unknown> {
  // Beside the sources, so that the program finds its library.
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-subject-"));
  const path = join(import.meta.dirname, `subject-${process.pid}-${slow}.test-program.mjs`);
  writeFileSync(path, PROGRAM(slow));
  try {
    await using subject = new Subject({
      ...{ stateDir, config: {}, env: {}, preloads: [], timeouts },
      program: { file: process.execPath, args: [path] },
    });
    subject.launch();
    return await subject.ask("channels.status", {});
  } finally {
    rmSync(path, { force: true });
    rmSync(stateDir, { recursive: true, force: true });
  }
}

test("a gateway that is slow to answer is asked again, and the drill gets its answer", async () => {
  assert.deepEqual(await asked(3, { answerMs: 100, limitMs: 60_000 }), { channelAccounts: {} });
});

test("one that never answers is given up when the time is over", async () => {
  await assert.rejects(asked(1_000_000, { answerMs: 50, limitMs: 300 }), /channels\.status/);
});
