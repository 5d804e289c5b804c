// Who may see the canvas from elsewhere: capabilities that are bound to connections and devices, and pages of other sites.
import assert from "node:assert/strict";
import { get } from "node:https";
import { after, describe, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { askRaw, canvasStage, Listener } from "../support/canvas.ts";
import { type DeviceKey, newDeviceKey } from "../support/device-key.ts";
import { type Connected, testGateway } from "../support/gateway.ts";

const clock = new FakeClock();
const stage = await canvasStage({}, { clock, verbose: true });
after(() => stage[Symbol.asyncDispose]());
const { gateway, port, write } = stage;
write("index.html", "<p>hello</p>");

/** A caller that is not on this machine: its Host names no loopback. */
const ELSEWHERE = { Host: "gateway.example" };
const TTL_MS = 600_000;

async function connectNode(protocol: 3 | 4, device: DeviceKey = newDeviceKey()): Promise<Connected> {
  return await gateway.connect({
    ...{ device, role: "node", protocol, caps: ["canvas"] },
    ...(protocol === 4 && { sign: "v3" as const }),
    client: { id: "node-host", mode: "node", platform: "linux" },
  });
}

async function reader(protocol: 3 | 4): Promise<Connected> {
  return await gateway.connect({ protocol, scopes: ["operator.read"] });
}

function urlOf({ hello }: Connected): string {
  return hello.canvasHostUrl ?? hello.pluginSurfaceUrls.canvas;
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

async function seen(url: string, at = port): Promise<number> {
  const { status } = await askRaw(at, `${pathOf(url)}/__moltbot__/canvas/`, { headers: ELSEWHERE });
  return status;
}

test("nodes and operators are told where the canvas is, each in the words of its protocol", async () => {
  const clients = [await connectNode(3), await connectNode(4), await reader(3), await reader(4)];

  const told = clients.map(({ hello }) => [hello.canvasHostUrl, hello.pluginSurfaceUrls?.canvas]);

  const base = new RegExp(`^http://127\\.0\\.0\\.1:${port}/__openclaw__/cap/[A-Za-z0-9_-]{24}$`);
  for (const [index, [three, four]] of told.entries()) {
    assert.match((index % 2 === 0 ? three : four) ?? "", base);
    assert.equal(index % 2 === 0 ? four : three, undefined);
  }
});

test("from elsewhere nobody sees anything without a capability, and everything with one", async () => {
  const node = await connectNode(3);

  const without = await askRaw(port, "/__moltbot__/canvas/", { headers: ELSEWHERE });
  const proxied = await askRaw(port, "/__moltbot__/canvas/", { headers: { "X-Forwarded-For": "203.0.113.9" } });
  const onBoth = await Promise.all([seen(urlOf(node)), seen(urlOf(node), gateway.port)]);
  const inQuery = await askRaw(port, `/__moltbot__/canvas/?oc_cap=${urlOf(node).slice(-24)}`, { headers: ELSEWHERE });

  assert.deepEqual([without.status, without.body, proxied.status], [401, "Unauthorized", 401]);
  assert.deepEqual(onBoth, [200, 200]);
  assert.equal(inQuery.status, 200);
});

test("a page under a capability finds its files and its script under it", async () => {
  const node = await connectNode(3);

  const { body } = await askRaw(port, `${pathOf(urlOf(node))}/__clawdbot__/canvas/`, { headers: ELSEWHERE });

  assert.equal(body, `<p>hello</p><script src="${pathOf(urlOf(node))}/__clawdbot__/a2ui/canvas.js"></script>`);
});

test("a capability that is wrong opens nothing, not even on this machine, and is not repeated", async () => {
  const { status, body } = await askRaw(port, `/__openclaw__/cap/${"x".repeat(24)}/__moltbot__/canvas/`);

  assert.deepEqual([status, body], [401, "Unauthorized"]);
});

test("a capability ends with its connection, and another node's goes on", async () => {
  const [one, other] = [await connectNode(3), await connectNode(4)];
  const before = [await seen(urlOf(one)), await seen(urlOf(other))];

  one.socket.close();
  await one.closed;
  await other.flushed();

  assert.deepEqual(before, [200, 200]);
  assert.deepEqual([await seen(urlOf(one)), await seen(urlOf(other))], [401, 200]);
});

test("without use it ends after ten minutes; use keeps it; apps of January keep theirs", async () => {
  const [three, four, used] = [await connectNode(3), await connectNode(4), await connectNode(4)];

  await gateway.pass(TTL_MS - 1_000);
  const inBetween = await seen(urlOf(used));
  await gateway.pass(2_000);

  assert.equal(inBetween, 200);
  assert.deepEqual([await seen(urlOf(three)), await seen(urlOf(four)), await seen(urlOf(used))], [200, 401, 200]);
});

test("a node gets a new address when it asks, and says for which surface", async () => {
  const node = await connectNode(4);

  const refreshed = await node.call("node.pluginSurface.refresh", { surface: "canvas" });
  const other = await node.request("node.pluginSurface.refresh", { surface: "dashboard" });

  assert.notEqual(refreshed.pluginSurfaceUrls.canvas, urlOf(node));
  assert.equal(await seen(refreshed.pluginSurfaceUrls.canvas), 200);
  assert.equal(refreshed.expiresAtMs, clock.now() + TTL_MS);
  assert.equal(other.error?.message, 'the only surface is "canvas"');
});

test("an address that was handed out outlives the connection, and ends with the device", async () => {
  const admin = await gateway.connect({ scopes: ["operator.admin", "operator.pairing"] });
  const device = newDeviceKey();
  const reader = await gateway.connect({ device, scopes: ["operator.read"], protocol: 4, sign: "v3" });
  const { url, ttlMs } = await reader.call("canvas.open", { path: "index.html" });
  const base = url.slice(0, url.indexOf("/__moltbot__"));
  reader.socket.close();
  await reader.closed;
  const before = await seen(base);

  await admin.call("device.pair.remove", { deviceId: device.id });

  assert.equal(ttlMs, TTL_MS);
  assert.match(url, /\/__moltbot__\/canvas\/index\.html$/);
  assert.deepEqual([before, await seen(base)], [200, 401]);
});

test("an open page keeps its capability; it is closed when the capability ends", async () => {
  const node = await connectNode(4);
  const path = `${pathOf(urlOf(node))}/__moltbot/ws`;
  using page = await Listener.open(`ws://127.0.0.1:${port}${path}`, { ...ELSEWHERE, Origin: "null" });

  await gateway.pass(2 * TTL_MS);
  const meanwhile = await seen(urlOf(node));
  node.socket.close();

  assert.equal(meanwhile, 200);
  assert.equal(await page.closed, 4001);
});

describe("pages of other sites, on this machine", () => {
  const reload = `ws://127.0.0.1:${port}/__moltbot/ws`;
  const surface = `ws://127.0.0.1:${port}/__moltbot__/a2ui/ws`;

  test("may not listen", async () => {
    await assert.rejects(Listener.open(reload, { Origin: "https://evil.example" }), /refused with 403/);
    await assert.rejects(Listener.open(surface, { Origin: "https://evil.example" }), /refused with 403/);
    await assert.rejects(Listener.open(surface, { Origin: `http://127.0.0.1:${gateway.port}` }), /refused with 403/);
  });

  test("without an origin hear of changed files, and not of screens", async () => {
    using listener = await Listener.open(reload, { Origin: "null" });

    await assert.rejects(Listener.open(surface, { Origin: "null" }), /refused with 403/);
    assert.deepEqual(listener.received, []);
  });

  test("the canvas's own pages listen to both", async () => {
    using one = await Listener.open(reload, { Origin: `http://127.0.0.1:${port}` });
    using other = await Listener.open(surface, { Origin: `http://127.0.0.1:${port}` });

    assert.equal(await other.message(0), '{"type":"surface","messages":[]}');
    assert.deepEqual(one.received, []);
  });

  test("may be followed by a link, and load nothing else", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site" };

    const script = await askRaw(port, "/__moltbot__/canvas/", { headers: { ...headers, "Sec-Fetch-Mode": "no-cors" } });
    const link = await askRaw(port, "/__moltbot__/canvas/", { headers: { ...headers, "Sec-Fetch-Mode": "navigate" } });

    assert.deepEqual([script.status, link.status], [403, 200]);
  });

  test("reach nothing by a name of theirs that leads here", async () => {
    const { status } = await askRaw(port, "/__moltbot__/canvas/", { headers: { Host: "rebound.example:18793" } });

    assert.equal(status, 401);
  });
});

test("through a trusted proxy the address is the proxy's own", async () => {
  const config = JSON.stringify({ gateway: { trustedProxies: ["127.0.0.1"] } });
  await using proxied = await testGateway({ config });
  await proxied.logged("the canvas listens");
  const headers = { Host: "home.example", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };

  const handshake = { device: newDeviceKey(), scopes: ["operator.read"] };
  await proxied.connect(handshake);

  const node = await proxied.connect(handshake, { headers });
  const { status } = await askRaw(proxied.port, `${pathOf(urlOf(node))}/__moltbot__/canvas/`, { headers });

  assert.match(urlOf(node), /^https:\/\/home\.example\/__openclaw__\/cap\/[\w-]{24}$/);
  assert.equal(status, 200);
});

test("through a tunnel the address is the tunnel's own end; by ::1 it is the gateway's own", async () => {
  const options = (host: string) => ({ headers: { Host: host } });

  const tunnelled = await gateway.connect({ scopes: ["operator.read"] }, options("localhost:4711"));
  const byName = await gateway.connect({ scopes: ["operator.read"] }, options(`localhost:${gateway.port}`));
  const bySix = await gateway.connect({ scopes: ["operator.read"] }, options(`[::1]:${gateway.port}`));

  assert.deepEqual(
    [tunnelled, byName, bySix].map((each) => new URL(urlOf(each)).origin),
    ["http://localhost:4711", `http://localhost:${port}`, `http://[::1]:${gateway.port}`],
  );
});

test("a page by ::1 shows the canvas from its own origin, which its policy can name", async () => {
  const page = await askRaw(gateway.port, "/", { headers: { Host: `[::1]:${gateway.port}` } });

  assert.match(page.headers["content-security-policy"]!, /frame-src 'self';/);
});

test("with TLS the canvas's own port has it too", async () => {
  await using safe = await testGateway({ config: JSON.stringify({ gateway: { tls: { enabled: true } } }) });
  const { fields } = await safe.logged("the canvas listens");
  const ws = { rejectUnauthorized: false };
  const client = await safe.connect({ scopes: ["operator.read"] }, { ws });

  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const url = `${urlOf(client)}/__moltbot__/canvas/`;
  get(url, { rejectUnauthorized: false }, (response) => resolve(response.resume().statusCode)).once("error", reject);

  assert.equal(new URL(url).origin, `https://127.0.0.1:${fields.port}`);
  assert.equal(await promise, 200);
});

test("no capability is in a line of the log", async () => {
  const tokens = gateway.log.flatMap(
    ({ sentence, fields }) => JSON.stringify([sentence, fields]).match(/\/cap\/[\w-]{24}/g) ?? [],
  );

  assert.ok(gateway.log.length > 10);
  assert.deepEqual(tokens, []);
});
