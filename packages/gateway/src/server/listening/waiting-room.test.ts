// Who waits at a door of few places, over real sockets: clients of TLS that never shake hands keep nobody out.
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
import { Door } from "./door.ts";
import { loadCertificate } from "./tls.ts";
import { WaitingRoom } from "./waiting-room.ts";

const BIG = Buffer.alloc(32 * 1024 * 1024);

/** A door of so many descriptors; it answers /big with more than a system keeps for a reader. */
async function stage(places: number, { isSecure }: { isSecure: boolean }) {
  const clock = new FakeClock();
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const folder = mkdtempSync(join(tmpdir(), "moltbot-room-"));
  const certificate = !isSecure
    ? undefined
    : await loadCertificate({ enabled: true, autoGenerate: true }, folder, clock);
  const open = new Set<Socket>();
  const room = new WaitingRoom({ descriptors: { take: () => open.size <= places }, log });
  const door = await Door.open({ host: "127.0.0.1", port: 0, certificate }, { clock, log });
  door.serve({
    connected(socket) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      room.refuseBeyondRoom(socket, !isSecure);
    },
    admitted: (socket) => room.admitSocket(socket),
    requested(request, response) {
      room.heardSocket(request.socket, response);
      response.end(request.url === "/big" ? BIG : "served");
    },
    upgraded: (_request, socket) => socket.destroy(),
  });
  return {
    port: door.place.port,
    async [Symbol.asyncDispose]() {
      const closed = door.close();
      door.endAll();
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
  await using door = await stage(20, { isSecure: true });
  const crowd = Array.from({ length: 20 }, () =>
    connect(door.port, "127.0.0.1")
      .on("error", () => {})
      .resume(),
  );
  await Promise.all(crowd.map((socket) => once(socket, "connect")));
  const ended = once(crowd[0]!, "close");

  const answers = [await served(door.port), await served(door.port)];
  await within(ended, "the end of the oldest");
  const left = crowd.filter(({ destroyed }) => !destroyed);
  for (const socket of crowd) socket.destroy();

  assert.deepEqual(answers, ["served", "served"]);
  assert.ok(left.length >= 18 && left.every((socket) => crowd.indexOf(socket) >= 20 - left.length));
});

test("clients that read nothing of their answers make room, the oldest first", async () => {
  await using door = await stage(10, { isSecure: false });
  const ask = async (path: string) => {
    const socket = connect(door.port, "127.0.0.1").on("error", () => {});
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
