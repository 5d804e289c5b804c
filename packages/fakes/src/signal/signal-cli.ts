/**
 * A fake `signal-cli`, to be run with node: the program that a gateway starts, between it and the fake of Signal, whose
 * address is in FAKE_SIGNAL_SERVER. Takes `daemon --http HOST:PORT` and ignores the other flags. As with the real one,
 * events are printed when they are received, and only those that were received are acknowledged to the server.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** An event with its place in the server's queue. */
interface Queued {
  readonly place: number;
  readonly event: unknown;
}

const upstream = process.env.FAKE_SIGNAL_SERVER ?? "";
const at = process.argv.indexOf("--http");
const port = Number(process.argv[at + 1]?.split(":").at(-1));
let received = 0;

createServer((request, response) => void answer(request, response)).listen(port, "127.0.0.1");
process.on("SIGTERM", () => process.exit(143));
await untilAbandoned();
process.exit(0);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = "/", method = "GET" } = request;
  if (url.startsWith("/api/v1/check")) return void response.end();
  if (url.startsWith("/api/v1/events")) return await listen(response);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const body = method === "POST" ? Buffer.concat(chunks) : null;
    const answered = await fetch(upstream + url, { method, headers: { "content-type": "application/json" }, body });
    response.writeHead(answered.status, { "content-type": "application/json" }).end(await answered.text());
  } catch {
    response.destroy();
  }
}

/** Receives for as long as somebody listens. */
async function listen(response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(":\n");
  while (!gone.signal.aborted) {
    try {
      const answered = await fetch(`${upstream}/server/receive?after=${received}`, { signal: gone.signal });
      for (const { place, event } of (await answered.json()) as Queued[]) {
        const data = JSON.stringify(event);
        process.stdout.write(`${data}\n`);
        response.write(`event:receive\ndata:${data}\n\n`);
        received = place;
      }
    } catch {
      // Signal is out of reach, or the listener is gone.
      await sleep(gone.signal.aborted ? 0 : 200);
    }
  }
}

/** Resolves when the fake is gone for good: a gateway that was killed does not end what it has started. */
async function untilAbandoned(): Promise<void> {
  for (let failures = 0; failures < 5; ) {
    await sleep(1000);
    const isThere = await fetch(`${upstream}/api/v1/check`).then(
      ({ ok }) => ok,
      () => false,
    );
    failures = isThere ? 0 : failures + 1;
  }
}
