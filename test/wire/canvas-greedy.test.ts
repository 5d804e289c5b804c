// Those who ask the canvas for more than they read, while files change; and what no other test asks of its port.
import assert from "node:assert/strict";
import { once } from "node:events";
import { truncateSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { askRaw, canvasStage, Listener } from "../support/canvas.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const stage = await canvasStage();
after(() => stage[Symbol.asyncDispose]());
const { gateway, port, root, write } = stage;
const MB = 1024 * 1024;
const FILM = Buffer.alloc(10 * MB, "0123456789abcdef");

const get = (path: string) => `GET /__moltbot__/canvas/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

/** Asks, and reads nothing once the answer has begun. */
async function askAndStop(request: string): Promise<{ socket: Socket; first: Buffer }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(request);
  const [first] = await within(once(socket, "data"), "the beginning of the answer");
  socket.pause();
  return { socket, first: first as Buffer };
}

/** Reads on until the connection ends; how many bytes came behind the head. */
async function readOn(socket: Socket, first: Buffer): Promise<number> {
  let bytes = first.length - (first.indexOf("\r\n\r\n") + 4);
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await within(once(socket, "close"), "the end of the connection");
  return bytes;
}

describe("large files", () => {
  test("that nobody reads cost a piece each, however often they are asked for", async () => {
    write("film.mp4", FILM);
    const before = process.memoryUsage().arrayBuffers;

    const readers = await Promise.all(Array.from({ length: 20 }, () => askAndStop(get("film.mp4").repeat(20))));

    const grown = (process.memoryUsage().arrayBuffers - before) / MB;
    for (const { socket } of readers) socket.destroy();
    assert.ok(grown < 60, `${Math.round(grown)} MB wait for 20 readers`);
  });

  test("come whole, and a large page with its script at the end", async () => {
    const short = FILM.subarray(0, MB);
    write("short.mp4", short);
    write("page.html", `<html><body>${"x".repeat(MB)}</body></html>`);

    const film = await askRaw(port, "/__moltbot__/canvas/short.mp4");
    const head = await askRaw(port, "/__moltbot__/canvas/short.mp4", { method: "HEAD" });
    const page = await askRaw(port, "/__moltbot__/canvas/page.html");

    assert.equal(film.body, short.toString());
    assert.deepEqual([head.body, head.headers["content-length"]], ["", String(short.length)]);
    assert.match(page.body.slice(-100), /<\/body><\/html><script src="[^"]*canvas\.js"><\/script>$/);
    assert.equal(page.headers["content-length"], String(page.body.length));
  });

  test("that shrink while they are sent end the connection, and no other answer takes the place of the rest", async () => {
    write("shrinking.mp4", FILM);
    const { socket, first } = await askAndStop(get("shrinking.mp4") + get("film.mp4"));
    truncateSync(join(root, "shrinking.mp4"), 16);

    const bytes = await readOn(socket, first);

    assert.match(first.toString("latin1"), new RegExp(`content-length: ${FILM.length}`, "i"));
    assert.ok(bytes < FILM.length, `${bytes} bytes`);
  });

  test("that grow while they are sent are cut where they ended", async () => {
    write("growing.mp4", FILM);
    const request = get("growing.mp4").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    const { socket, first } = await askAndStop(request);
    truncateSync(join(root, "growing.mp4"), FILM.length + MB);

    assert.equal(await readOn(socket, first), FILM.length);
  });
});

describe("the port", () => {
  const HOSTS = [
    ...["rebound.example", "127.0.0.1.rebound.example", "localhost.rebound.example", "localhost.", "127.1"],
    ...["2130706433", "0.0.0.0", "127.0.0.1@rebound.example", "rebound.example#127.0.0.1", "127.0.0.1, x", ""],
  ];
  for (const Host of HOSTS)
    test(`shows nothing under the name ${JSON.stringify(Host)}, nor does the gateway's`, async () => {
      write("note.txt", "the note");

      const answers = [port, gateway.port].map((each) =>
        askRaw(each, "/__moltbot__/canvas/note.txt", { headers: { Host } }),
      );
      const page = await askRaw(gateway.port, "/", { headers: { Host } });

      assert.deepEqual(
        (await Promise.all(answers)).map(({ status, body }) => [status, body]),
        [
          [401, "Unauthorized"],
          [401, "Unauthorized"],
        ],
      );
      assert.equal(page.status, 421);
    });

  test("believes no request that names two hosts", async () => {
    using listener = await RawSocket.open(port);
    using upgrade = await RawSocket.open(gateway.port);
    const hosts = "Host: 127.0.0.1\r\nhost: rebound.example\r\n";

    listener.write(`GET /__moltbot__/canvas/note.txt HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    upgrade.write(`GET / HTTP/1.1\r\n${hosts}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);

    for (const each of [listener, upgrade]) assert.match(await each.text(), /^HTTP\/1\.1 400 [\s\S]*one Host header\./);
  });

  const REQUESTS: readonly [what: string, method: string, target: string, status: number][] = [
    ...(["OPTIONS", "TRACE", "PROPFIND", "PUT"] as const).map(
      (method) => [method, method, "/__moltbot__/canvas/note.txt", 405] as [string, string, string, number],
    ),
    ["a method that is none", "FOO", "/__moltbot__/canvas/note.txt", 400],
    ["an address of another server", "GET", "http://rebound.example/__moltbot__/canvas/note.txt", 400],
    ["no path", "GET", "*", 400],
    ["a line break in a name", "GET", "/__moltbot__/canvas/note.txt%0d%0aX-Odd:1", 404],
    ["two slashes", "GET", "//__moltbot__/canvas/note.txt", 404],
    ["an empty capability", "GET", "/__openclaw__/cap//__moltbot__/canvas/note.txt", 401],
    ["an empty capability in the query", "GET", "/__moltbot__/canvas/note.txt?oc_cap=", 401],
    ["a capability in a capability", "GET", "/__openclaw__/cap/x/__openclaw__/cap/y/__moltbot__/canvas/", 404],
  ];
  for (const [what, method, target, status] of REQUESTS)
    test(`answers ${what} with ${status}, and nothing of the note`, async () => {
      write("note.txt", "the note");

      const answer = await askRaw(port, target, { method });

      assert.equal(answer.status, status);
      assert.doesNotMatch(answer.body, /the note/);
    });

  test("gives the whole for every range, however large its numbers", async () => {
    write("note.txt", "the note");
    const ranges = ["bytes=-0", "bytes=-99999999999999999999", "bytes=0-18446744073709551616", "bytes=0-3,2-5", "="];

    const answers = await Promise.all(
      ranges.map((Range) => askRaw(port, "/__moltbot__/canvas/note.txt", { headers: { Range, "If-Range": "x" } })),
    );

    for (const { status, body } of answers) assert.deepEqual([status, body], [200, "the note"]);
  });

  test("opens no socket for a list of origins, an empty one, or two", async () => {
    const own = `http://127.0.0.1:${port}`;
    for (const Origin of [`${own} https://evil.example`, `${own}, null`, "", `${own}/`, `${own}.evil.example`])
      await assert.rejects(
        Listener.open(`ws://127.0.0.1:${port}/__moltbot__/a2ui/ws`, { Origin }),
        /refused with 403/,
        Origin,
      );
  });

  const KINDS: readonly [what: string, path: string, isOwn: boolean, holds: RegExp, holdsNot: RegExp][] = [
    ["an agent's page", "canvas/page.html", true, /script-src 'self' 'unsafe-inline'/, /sandbox|https:|\*/],
    ["an agent's page", "canvas/page.html", false, /; sandbox allow-scripts allow-forms$/, /same-origin|https:|\*/],
    ["a picture", "canvas/picture.svg", false, /; sandbox allow-scripts allow-forms$/, /same-origin|https:|\*/],
    ["the page of screens", "a2ui/", true, /script-src 'self'; style-src 'self'; /, /unsafe|sandbox|https:|\*/],
    ["the page of screens", "a2ui/", false, /; sandbox allow-scripts allow-forms$/, /unsafe|same-origin|https:|\*/],
    ["what is not there", "canvas/none", true, /^default-src 'none'; sandbox$/, /script-src/],
  ];
  for (const [what, path, isOwn, holds, holdsNot] of KINDS)
    test(`bounds ${what} on ${isOwn ? "its own" : "the gateway's"}: no other host, no form, no base`, async () => {
      write("page.html", "<p>page</p>");
      write("picture.svg", "<svg/>");

      const { headers } = await askRaw(isOwn ? port : gateway.port, `/__moltbot__/${path}`);
      const policy = headers["content-security-policy"] ?? "";

      assert.match(policy, /^default-src 'none'; /);
      assert.match(policy, holds);
      assert.doesNotMatch(policy.replaceAll(/wss?:\/\/127\.0\.0\.1:\d+/g, ""), holdsNot);
      if (path !== "canvas/none")
        assert.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'self' http/);
      assert.deepEqual([headers["x-content-type-options"], headers["referrer-policy"]], ["nosniff", "no-referrer"]);
    });
});
