// What a gateway elsewhere, its platforms and its skills say steers no terminal: every text of every answer carries orders.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { testGateway } from "../support/gateway.ts";
import { Home } from "./harness.ts";
import { TOKEN } from "./machine.ts";

const ORDERS = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u001b[8m\u202e";
/** What names and chooses stays as it is, so that commands find what they look for. */
const NAMES =
  /^(?:type|id|event|method|.*[kK]ey|kind|status|state|role|.*Id|protocol|version|mode|phase|schedule|path|source|outcome|methods|scopes)$/;

function spoilt(value: unknown, key = ""): unknown {
  if (typeof value === "string") return NAMES.test(key) ? value : value + ORDERS;
  if (Array.isArray(value)) return value.map((each) => spoilt(each, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, spoilt(each, name)]));
}

/** Stands before a gateway and spoils what it answers. */
async function hostile(url: string) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (client) => {
    const gateway = new WebSocket(url);
    const opened = once(gateway, "open");
    gateway.on("message", (data: RawData) => {
      const { payload, event, ...frame } = JSON.parse(String(data));
      const isChallenge = event === "connect.challenge";
      client.send(JSON.stringify({ ...frame, event, payload: isChallenge ? payload : spoilt(payload) }));
    });
    client.on("message", (data: RawData) => void opened.then(() => gateway.send(String(data))));
    client.on("close", () => gateway.terminate());
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

for (const command of ["status", "health", "tools list", "skills", "doctor", "channels list", "gateway call health"])
  test(`${command} prints nothing that steers a terminal`, async () => {
    await using gateway = await testGateway();
    using elsewhere = await hostile(gateway.url);
    using home = new Home();

    const { stdout, stderr } = await home.run([...command.split(" "), "--url", elsewhere.url], { env: TOKEN });

    assert.match(stdout, /\S/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    assert.doesNotMatch(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  });
