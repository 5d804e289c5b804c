// Limits of pending connections, over real sockets: TLS clients that never finish the handshake keep nobody out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { connect as connectSecure } from "node:tls";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { within } from "../../../../../test/support/time-limit.ts";
import { createLog } from "../../base/log.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { Listener } from "./listener.ts";
import { PendingConnections } from "./pending-connections.ts";
import { loadCertificate } from "./tls.ts";

const BIG = Buffer.alloc(32 * 1024 * 1024);

/** A listener with so many descriptors; it answers /big with more than a system keeps for a reader. */
async function stage(places: number, { isSecure }: { isSecure: boolean }) {
  const clock = new FakeClock();
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const folder = mkdtempSync(join(tmpdir(), "moltbot-room-"));
  const certificate = !isSecure
    ? undefined
    : await loadCertificate({ enabled: true, autoGenerate: true }, folder, clock);
  const open = new Set<Socket>();
  const pending = new PendingConnections({ descriptors: { take: () => open.size <= places }, log });
  const listener = await Listener.open({ host: "127.0.0.1", port: 0, certificate }, { clock, log });
  listener.serve({
    onConnection(socket) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      pending.limitDescriptors(socket, !isSecure);
    },
    onReady: (socket) => pending.addIdleSocket(socket),
    onRequest(request, response) {
      pending.onRequest(request.socket, response);
      response.end(request.url === "/big" ? BIG : "served");
    },
    onUpgrade: (_request, socket) => socket.destroy(),
  });
  return {
    port: listener.address.port,
    async [Symbol.asyncDispose]() {
      const closed = listener.close();
      listener.endAll();
      for (const socket of open) socket.destroy();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

async function served(port: number): Promise<string> {
  const socket = connectSecure({ port, host: "127.0.0.1", rejectUnauthorized: false });
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return (await within(text(socket), "the answer")).slice(-6);
}

test("clients that never begin with TLS make room, the oldest first, and those that do are served", async () => {
  await using listener = await stage(20, { isSecure: true });
  const crowd = Array.from({ length: 20 }, () =>
    connect(listener.port, "127.0.0.1")
      .on("error", () => {})
      .resume(),
  );
  await Promise.all(crowd.map((socket) => once(socket, "connect")));
  const ended = once(crowd[0]!, "close");

  const answers = [await served(listener.port), await served(listener.port)];
  await within(ended, "the end of the oldest");
  const left = crowd.filter(({ destroyed }) => !destroyed);
  for (const socket of crowd) socket.destroy();

  assert.deepEqual(answers, ["served", "served"]);
  assert.ok(left.length >= 18 && left.every((socket) => crowd.indexOf(socket) >= 20 - left.length));
});

test("clients that read nothing of their answers make room, the oldest first", async () => {
  await using listener = await stage(10, { isSecure: false });
  const ask = async (path: string) => {
    const socket = connect(listener.port, "127.0.0.1").on("error", () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [first] = await within(once(socket, "data"), "the beginning of the answer");
    return { socket: socket.pause(), first: String(first).slice(0, 12) };
  };
  const crowd: Awaited<ReturnType<typeof ask>>[] = [];
  while (crowd.length < 10) crowd.push(await ask("/big"));
  const oldest = crowd[0]!.socket;

  const served = await ask("/small");
  oldest.resume();
  await within(once(oldest, "close"), "the end of the oldest");
  const left = crowd.filter(({ socket }) => !socket.destroyed).length;
  for (const { socket } of [...crowd, served]) socket.destroy();

  assert.equal(served.first, "HTTP/1.1 200");
  assert.ok(oldest.bytesRead < BIG.length, `${oldest.bytesRead} bytes`);
  assert.equal(left, 9);
});
