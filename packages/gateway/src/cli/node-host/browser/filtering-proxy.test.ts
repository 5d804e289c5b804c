// The browser's way to the network, over real sockets: what odd sites answer, and what odd programs of the machine ask.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { within } from "../../../../../../test/support/time-limit.ts";
import { FilteringProxy } from "./filtering-proxy.ts";

/** A site that answers any request with these bytes; `ask` sends bytes to a proxy that may reach it. */
async function stage(answer: string) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer, "latin1"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const addresses = ["127.0.0.9", "127.0.0.1"].map((address) => ({ address, family: 4 }));
  const twoAddresses = `two.example:${host.split(":")[1]}`;
  const proxy = new FilteringProxy([host, twoAddresses], async (name) =>
    name === "two.example" ? addresses : addresses.slice(1),
  );
  const [, port] = (await proxy.listen()).split(":");
  return {
    ask(request: string): Promise<string> {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(request.replaceAll("HOST", host).replaceAll("TWO", twoAddresses));
      return within(text(socket), "the door's answer");
    },
    async [Symbol.asyncDispose]() {
      proxy[Symbol.dispose]();
      server.close();
      await once(server, "close");
    },
  };
}

const GET = "GET http://HOST/ HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

for (const [what, answer, status] of [
  ["a status that HTTP does not know", "HTTP/1.1 042 Odd\r\nContent-Length: 2\r\n\r\nhi", "502"],
  ["a status of four digits", "HTTP/1.1 2000 Odd\r\nContent-Length: 2\r\n\r\nhi", "502"],
  ["a change of protocol", "HTTP/1.1 101 Odd\r\nUpgrade: odd\r\nConnection: upgrade\r\n\r\nhi", "502"],
  ["an announced trailer without one", "HTTP/1.1 200 OK\r\nTrailer: X-Odd\r\nContent-Length: 2\r\n\r\nhi", "200"],
  ["both ways to end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n", "502"],
  ["bytes above ASCII in a header", "HTTP/1.1 200 OK\r\nX-Odd: \xe9\xff\r\nContent-Length: 2\r\n\r\nhi", "200"],
  ["no HTTP", "hello\r\n\r\n", "502"],
] as const)
  test(`a site's answer of ${what} ends in an answer`, async () => {
    await using proxy = await stage(answer);

    const answered = await proxy.ask(GET);

    assert.match(answered, new RegExp(`^HTTP/1\\.1 ${status} `));
  });

for (const [what, request, status] of [
  ["a tunnel to a port that is none", "CONNECT 8.8.8.8:99999 HTTP/1.1\r\nHost: x\r\n\r\n", "403"],
  ["a tunnel to port 0", "CONNECT 8.8.8.8:0 HTTP/1.1\r\nHost: x\r\n\r\n", "403"],
  ["a tunnel to nowhere", "CONNECT :: HTTP/1.1\r\nHost: x\r\n\r\n", "403"],
  ["half an address", "GET http://[::1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"],
  ["a path alone", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"],
] as const)
  test(`${what} is refused, and the next request is served`, async () => {
    await using proxy = await stage("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");

    const refused = await proxy.ask(request);
    const served = await proxy.ask(GET);

    assert.match(refused, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(served, /^HTTP\/1\.1 200 /);
  });

for (const [what, request] of [
  ["a page", GET.replaceAll("HOST", "TWO")],
  ["a tunnel", "CONNECT TWO HTTP/1.1\r\nHost: TWO\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
] as const)
  test(`${what} comes from the next address when the first one does not answer`, async () => {
    await using proxy = await stage("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");

    assert.match(await proxy.ask(request), /HTTP\/1\.1 200 OK[\s\S]*hi$/);
  });
