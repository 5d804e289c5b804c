// A listener over real sockets: clients that ask for everything at once, read nothing, or never close their end.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { within } from "../../../../../test/support/time-limit.ts";
import { createLog } from "../../base/log.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { refuseUpgrade } from "../../kit/http.ts";
import { Listener } from "./listener.ts";

const STALLED_MS = 300;
const BIG = Buffer.alloc(32 * 1024 * 1024);

interface Stage extends AsyncDisposable {
  readonly clock: FakeClock;
  /** The gateway's ends of all sockets, in the order of their opening. */
  readonly ends: Socket[];
  /** Paths of requests, in the order in which they were handed over. */
  readonly asked: string[];
  /** Answers that have not been given: those of paths that begin with /held. */
  readonly held: ServerResponse[];
  open(allowHalfOpen?: boolean): Promise<Socket>;
}

/** A listener that answers /big with more than a system keeps for a reader, /held when it is told, and all else at once. */
async function stage(): Promise<Stage> {
  const clock = new FakeClock();
  const [ends, asked, held]: [Socket[], string[], ServerResponse[]] = [[], [], []];
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const listener = await Listener.open(
    { host: "127.0.0.1", port: 0, certificate: undefined },
    { clock, log, stalledMs: STALLED_MS },
  );
  listener.serve({
    onConnection: (socket) => void ends.push(socket),
    onReady: () => {},
    onRequest({ url = "" }, response) {
      asked.push(url);
      if (url.startsWith("/held")) held.push(response);
      else response.end(url === "/big" ? BIG : url);
    },
    onUpgrade: (_request, socket) => refuseUpgrade(socket, "404 Not Found", "not found"),
  });
  const clients: Socket[] = [];
  return {
    ...{ clock, ends, asked, held },
    async open(allowHalfOpen = false) {
      const socket = connect({ port: listener.address.port, host: "127.0.0.1", allowHalfOpen });
      socket.on("error", () => {});
      clients.push(socket);
      await once(socket, "connect");
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of clients) socket.destroy();
      listener.endAll();
      await listener.close();
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** Reads until all of these texts have come. */
async function read(socket: Socket, ...texts: string[]): Promise<string> {
  let all = "";
  while (!texts.every((text) => all.includes(text))) {
    const [chunk] = await within(once(socket, "data"), texts.join(", "));
    all += String(chunk);
  }
  return all;
}

test("requests that are sent at once are handled one after the other, and answered in their order", async () => {
  await using listener = await stage();
  const socket = await listener.open();

  socket.write(get("/held-1") + get("/two") + get("/three"));
  const other = await listener.open();
  other.write(get("/other"));
  await read(other, "/other");
  const before = [...listener.asked].sort();
  listener.held[0]!.end("/held-1");
  const answers = await read(socket, "/held-1", "/two", "/three");

  assert.deepEqual(before, ["/held-1", "/other"]);
  assert.deepEqual(answers.match(/\/held-1|\/two|\/three/g), ["/held-1", "/two", "/three"]);
});

test("a socket with too many requests that wait is ended; others are served", async () => {
  await using listener = await stage();
  const socket = await listener.open();
  const other = await listener.open();

  socket.write(get("/held") + get("/more").repeat(200));
  await within(once(socket, "close"), "the end of the socket");
  other.write(get("/other"));
  await read(other, "/other");

  assert.deepEqual(listener.asked, ["/held", "/other"]);
});

test("who reads nothing of an answer is cut off; who waits for one is not", async () => {
  await using listener = await stage();
  const [deaf, patient] = [await listener.open(), await listener.open()];
  deaf.pause();
  deaf.write(get("/big"));
  patient.write(get("/held"));

  await within(once(listener.ends[0]!, "close"), "the end of the deaf client");
  // Longer than a client may be deaf; the next socket measures it.
  const idle = await listener.open();
  idle.resume();
  await within(once(idle, "close"), "the end of a client that asks for nothing");
  listener.held[0]!.end("late");

  await read(patient, "late");
});

test("who reads slowly gets all of it", async () => {
  await using listener = await stage();
  const socket = await listener.open();
  socket.write(get("/big"));
  let bytes = 0;

  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes >= BIG.length) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }

  assert.ok(bytes >= BIG.length);
});

test("a refused upgrade whose client keeps its end open is cut off two seconds later", async () => {
  await using listener = await stage();
  const socket = await listener.open(true);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nmore");
  const answer = await read(socket, "not found");
  const [end] = listener.ends;
  if (!end!.writableFinished) await within(once(end!, "finish"), "the end of the answer");
  const before = end!.destroyed;

  listener.clock.advance(2_000);
  await within(once(end!, "close"), "the end of the socket");

  assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.equal(before, false);
});
