import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { test } from "node:test";
import { codeOf, NEVER_REACHED, TellableError } from "../errors.ts";
import { type PostOptions, postText } from "./post-text.ts";
import { useProxies } from "./proxy.ts";

const OPTIONS: PostOptions = { headers: {}, body: "{}", signal: new AbortController().signal };

/** A server on this machine that answers as it is told; resolves with its address. */
async function served(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/at?x=1`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const codeOfFailure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail("it was answered"),
    (error: unknown) => codeOf(error),
  );

test("a text is posted with its headers, and the answer read whole", async () => {
  const seen: unknown[] = [];
  using server = await served(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    seen.push(request.method, request.url, request.headers["content-type"], text);
    response.writeHead(429, { "retry-after": "7" }).write('{"é":');
    setImmediate(() => response.end('"ü"}'));
  });

  const answer = await postText(server.url, { ...OPTIONS, headers: { "Content-Type": "a/b" }, body: "é…" });

  assert.deepEqual(seen, ["POST", "/at?x=1", "a/b", "é…"]);
  assert.deepEqual([answer.status, answer.headers.get("Retry-After"), answer.headers.get("x")], [429, "7", null]);
  assert.deepEqual([await answer.text(), await answer.json()], ['{"é":"ü"}', { é: "ü" }]);
});

test("an answer that breaks off is none", async () => {
  using server = await served((_, response) => {
    response.writeHead(200, { "content-length": "100" }).write('{"ok":true');
    setImmediate(() => response.destroy());
  });

  const code = await codeOfFailure(postText(server.url, OPTIONS));

  assert.deepEqual([code, NEVER_REACHED.has(code)], ["ECONNRESET", false]);
});

test("a request that got no answer may have been taken", async () => {
  using server = await served((request) => request.socket.destroy());

  assert.equal(NEVER_REACHED.has(await codeOfFailure(postText(server.url, OPTIONS))), false);
});

test("where nobody listens, nothing was reached", async () => {
  const server = await served(() => {});
  server[Symbol.dispose]();

  assert.equal(await codeOfFailure(postText(server.url, OPTIONS)), "ECONNREFUSED");
});

test("a connection that is not made in time was never made", async () => {
  const open: Socket[] = [];
  const silent = createTcpServer((socket) => void open.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;

  const code = await codeOfFailure(postText(`https://127.0.0.1:${port}/`, { ...OPTIONS, connectLimitMs: 100 }));

  for (const socket of open) socket.destroy();
  silent.close();
  assert.equal(NEVER_REACHED.has(code), true, code);
});

test("a proxy that does not answer has reached nobody", async () => {
  const open: Socket[] = [];
  const silent = createTcpServer((socket) => void open.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  using _ = useProxies({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, assert.fail);

  const code = await codeOfFailure(postText("https://api.example.invalid/", { ...OPTIONS, connectLimitMs: 100 }));

  for (const socket of open) socket.destroy();
  silent.close();
  assert.deepEqual([NEVER_REACHED.has(code), open.length], [true, 1]);
});

test("an abort ends the request, before it, while it waits and within the answer", async () => {
  const arrived = Promise.withResolvers<void>();
  using server = await served((_, response) => {
    response.writeHead(200).write("begun");
    arrived.resolve();
  });
  const end = new AbortController();
  const reason = new TellableError("no longer wanted");

  const waiting = postText(server.url, { ...OPTIONS, signal: end.signal });
  await arrived.promise;
  end.abort(reason);

  await assert.rejects(waiting, reason);
  await assert.rejects(postText(server.url, { ...OPTIONS, signal: end.signal }), reason);
});
