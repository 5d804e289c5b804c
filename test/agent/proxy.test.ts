// HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the gateway's environment: models and web tools go through the proxy, what is on
// this machine does not, and errors name the proxy.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as ask, createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, say } from "./support.ts";

/** A proxy that leads to one place on this machine, whatever it is asked for; without one it refuses. */
async function fakeProxy(port?: number) {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (port === undefined) return void response.writeHead(502).end();
    const { method, headers } = incoming;
    const outgoing = ask(
      { port, host: "127.0.0.1", path: URL.parse(incoming.url!)!.pathname, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      },
    );
    incoming.pipe(outgoing);
  });
  server.on("connect", (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    if (port === undefined) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const onward = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward
      .on("error", () => socket.destroy())
      .pipe(socket)
      .on("error", () => onward.destroy())
      .pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    seen,
    url: `http://ada:pass-of-ada@127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

function farConfig(config: string): string {
  const far = JSON.parse(config) as { models: { providers: { fake: { baseUrl: string } } } };
  far.models.providers.fake.baseUrl = "http://models.example/v1";
  return JSON.stringify(far);
}

test("a model is asked through the proxy", async () => {
  await using model = await fakeOpenAI();
  await using proxy = await fakeProxy(Number(new URL(model.baseUrl).port));
  await using gateway = await testGateway({ config: farConfig(configFor(model)), env: { HTTP_PROXY: proxy.url } });
  const client = await admin(gateway);

  assert.equal(await say(client, "Hi."), "Hello from the model.");
  assert.match(proxy.seen[0] ?? "", /models\.example/);
});

test("a model on this machine is not", async () => {
  await using model = await fakeOpenAI();
  await using proxy = await fakeProxy();
  await using gateway = await testGateway({
    config: configFor(model),
    env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url },
  });
  const client = await admin(gateway);

  assert.equal(await say(client, "Hi."), "Hello from the model.");
  assert.deepEqual(proxy.seen, []);
});

test("an error names the proxy, without its password", async () => {
  await using model = await fakeOpenAI();
  await using proxy = await fakeProxy();
  await using gateway = await testGateway({ config: farConfig(configFor(model)), env: { http_proxy: proxy.url } });
  const client = await admin(gateway);

  const said = await say(client, "Hi.");

  const { host } = new URL(proxy.url);
  assert.equal(
    said,
    `fake cannot be reached through the proxy http://${host} (http_proxy); check the proxy, or add the host to NO_PROXY.`,
  );
});

test("a page is fetched through the proxy, which is asked for the address that was checked", async () => {
  await using model = await fakeOpenAI();
  await using proxy = await fakeProxy();
  const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  await using gateway = await testGateway({ config: configFor(model), env });
  const client = await admin(gateway);
  model.script(
    { kind: "turn", calls: [{ name: "web_fetch", arguments: { url: "http://93.184.215.14/page" } }] },
    { kind: "turn", calls: [{ name: "web_fetch", arguments: { url: "https://93.184.215.14/page" } }] },
  );

  await say(client, "Read it.");

  assert.deepEqual(proxy.seen, ["GET http://93.184.215.14/page", "CONNECT 93.184.215.14:443"]);
  assert.match(
    JSON.stringify(model.requests.at(-1)!.body.messages),
    /through the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\)/,
  );
});
