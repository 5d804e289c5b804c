import assert from "node:assert/strict";
import dns from "node:dns";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { systemClock } from "../time/clock.ts";
import { redirectOf, type SafeFetchOptions, safeFetch } from "./safe-fetch.ts";

interface Site extends AsyncDisposable {
  readonly host: string;
  readonly seen: IncomingMessage[];
}

/** A web server on a free loopback port. */
async function site(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Site> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function textOf(url: string, options: Partial<SafeFetchOptions> = {}): Promise<string> {
  const { signal } = new AbortController();
  using answer = await safeFetch(url, { clock: systemClock, signal, maxBytes: 10_000, ...options });
  return String(await answer.bytes());
}

const NOT_PUBLIC = { message: "the address is not on the public internet" };

for (const address of [
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://127.0.0.1./",
  "http://localhost/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://169.254.169.254/latest/meta-data/",
  "http://100.64.0.1/",
  "http://10.0.0.1/",
  "http://192.168.1.1/",
  "http://224.0.0.1/",
  "http://0.0.0.0/",
  "http://①②⑦.⓪.⓪.①/",
]) {
  test(`${address} is not fetched`, async () => {
    await assert.rejects(textOf(address), NOT_PUBLIC);
  });
}

for (const [address, message] of [
  ["ftp://example.org/", "only http: and https: addresses are fetched"],
  ["file:///etc/passwd", "only http: and https: addresses are fetched"],
  ["https://me:secret@example.org/", "an address must not carry a name or password"],
  ["example.org", "it is not an address such as https://example.org/page"],
] as const) {
  test(`${address} is refused: ${message}`, async () => {
    await assert.rejects(textOf(address), { message });
  });
}

test("a private address is fetched when exactly its host and port are allowed", async () => {
  await using server = await site((_request, response) => response.end("hello"));
  const [host = ""] = server.host.split(":");

  assert.equal(await textOf(`http://${server.host}/`, { allowPrivateHosts: [server.host] }), "hello");
  await assert.rejects(textOf(`http://${server.host}/`, { allowPrivateHosts: [host, `${host}:80`] }), NOT_PUBLIC);
});

test("a redirect to a private address is refused although the first one was allowed", async () => {
  await using server = await site((_request, response) => {
    response.writeHead(302, { location: "http://169.254.169.254/" }).end();
  });

  await assert.rejects(textOf(`http://${server.host}/`, { allowPrivateHosts: [server.host] }), NOT_PUBLIC);
});

test("redirects are followed five times, and carry no headers of ours on", async () => {
  await using server = await site((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end("there");
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const options = { allowPrivateHosts: [server.host], headers: { authorization: "Bearer x" } };

  assert.equal(await textOf(`http://${server.host}/5`, options), "there");
  assert.deepEqual(
    server.seen.map(({ headers }) => headers.authorization),
    ["Bearer x", undefined, undefined, undefined, undefined, undefined],
  );
  await assert.rejects(textOf(`http://${server.host}/6`, options), { message: "it redirects too often" });
});

test("a redirect may not give up encryption", () => {
  const from = new URL("https://example.org/a");

  assert.equal(redirectOf(from, "/b").href, "https://example.org/b");
  assert.throws(() => redirectOf(from, "http://example.org/b"), /from https: to http:/);
  assert.throws(() => redirectOf(from, "https://me:pw@example.org/"), /name or password/);
});

test("a name is looked up once, and what was checked is what is connected to", async (t) => {
  await using server = await site((_request, response) => response.end("hello"));
  const [, port] = server.host.split(":");
  const answers = ["127.0.0.1", "169.254.169.254"];
  const lookup = t.mock.method(dns.promises, "lookup", async () => [{ address: answers.shift()!, family: 4 }]);
  syncBuiltinESMExports();
  t.after(() => {
    lookup.mock.restore();
    syncBuiltinESMExports();
  });

  assert.equal(await textOf(`http://localhost:${port}/`, { allowPrivateHosts: [`localhost:${port}`] }), "hello");
  await assert.rejects(textOf(`http://localhost:${port}/`), NOT_PUBLIC);
  assert.equal(lookup.mock.callCount(), 2);
});

for (const [encoding, pack] of [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
] as const) {
  test(`a body packed with ${encoding} is unpacked, up to the limit`, async () => {
    await using server = await site((request, response) => {
      const text = "0".repeat(request.url === "/bomb" ? 50_000_000 : 5_000);
      response.writeHead(200, { "content-encoding": encoding }).end(pack(text));
    });
    const options = { allowPrivateHosts: [server.host], maxBytes: 100_000 };

    assert.equal((await textOf(`http://${server.host}/`, options)).length, 5_000);
    await assert.rejects(textOf(`http://${server.host}/bomb`, options), {
      message: "it is larger than the 100000 bytes that are taken",
    });
  });
}

test("a body in an unknown packing, and one that breaks off, are said to be", async () => {
  await using server = await site((request, response) => {
    if (request.url === "/odd") response.writeHead(200, { "content-encoding": "gzip, gzip" }).end("x");
    else
      response
        .writeHead(200, { "content-encoding": "gzip" })
        .write(gzipSync("hello").subarray(0, 12), () => response.destroy());
  });
  const options = { allowPrivateHosts: [server.host] };

  await assert.rejects(textOf(`http://${server.host}/odd`, options), /packed in a way that is not known here/);
  await assert.rejects(textOf(`http://${server.host}/cut`, options));
});

test("a server that trickles is left when the time is over, and a signal ends a fetch at once", async () => {
  await using server = await site((_request, response) => {
    const timer = setInterval(() => response.write("."), 20);
    response.on("close", () => clearInterval(timer));
  });
  const options = { allowPrivateHosts: [server.host] };

  await assert.rejects(textOf(`http://${server.host}/`, { ...options, limitMs: 200 }), {
    message: "it took longer than 0.2 s",
  });
  const stop = new AbortController();
  const fetching = textOf(`http://${server.host}/`, { ...options, signal: stop.signal });
  stop.abort(new Error("stopped"));
  await assert.rejects(fetching, { message: "stopped" });
});

test("a port where nobody listens is said in words", async () => {
  const server = await site(() => {});
  await server[Symbol.asyncDispose]();
  const url = `http://${server.host}/`;

  await assert.rejects(textOf(url, { allowPrivateHosts: [server.host] }), {
    message: "nobody answers at that address",
  });
});
