// The client of the tests: what it waits for has one limit, however much else arrives.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { WireClient } from "./wire-client.ts";

test("other frames do not lengthen the wait for one, and who gives up takes no later frame", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  using client = new WireClient(`ws://127.0.0.1:${port}`, { limitMs: 100 });
  const [socket] = await once(server, "connection");
  const say = (event: string) => socket.send(JSON.stringify({ type: "event", event }));
  const ticks = setInterval(() => say("tick"), 5);

  try {
    await assert.rejects(client.nextOf("news"), /waited 100 ms in vain for the event news/);
    say("news");
    assert.equal((await client.nextOf("news")).event, "news");
  } finally {
    clearInterval(ticks);
    client[Symbol.dispose]();
    server.close();
    await once(server, "close");
  }
});
