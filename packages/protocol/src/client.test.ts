import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, test } from "node:test";
import type { WebSocket as WsSocket } from "ws";
import { type ClientOptions, type ClientState, GatewayClient } from "./client.ts";
import type { Gap, WebSocketLike } from "./connection.ts";
import { type DeviceIdentity, memoryTokens } from "./device.ts";
import { ConnectionClosed, type ErrorShape, RequestTimeout, ResponseError } from "./errors.ts";
import type { ConnectParams, HelloOk, RequestFrame } from "./frames.ts";

const NONCE = "00000000-0000-4000-8000-000000000001";

const hello: HelloOk = {
  type: "hello-ok",
  protocol: 4,
  server: { version: "1", connId: "c" },
  features: { methods: [], events: [] },
  snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 0 },
  policy: { maxPayload: 1, maxBufferedBytes: 1, tickIntervalMs: 30_000 },
};

const device: DeviceIdentity = { deviceId: "d", publicKey: "k", sign: (text) => `signed ${text}` };

const clients: GatewayClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

test("connects with the challenge's nonce and both protocol versions", async () => {
  const { client, sockets } = harness({ device, token: "t", scopes: ["operator.read"], displayName: "Desk" });
  const connected = client.connect();

  const params = await sockets.next().then((socket) => socket.accept());

  assert.deepEqual(await connected, hello);
  assert.deepEqual(params, {
    minProtocol: 3,
    maxProtocol: 4,
    client: { id: "test", version: "1", platform: "Linux", mode: "test", displayName: "Desk" },
    scopes: ["operator.read"],
    auth: { token: "t" },
    device: {
      id: "d",
      publicKey: "k",
      signature: `signed v3|d|test|test|operator|operator.read|1737264000000|t|${NONCE}|linux|`,
      signedAt: 1737264000000,
      nonce: NONCE,
    },
  });
});

test("connects without a nonce when no challenge comes within two seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 5 });
  const { client, sockets } = harness({ device });
  void Promise.allSettled([client.connect()]);
  const socket = await sockets.next();

  socket.open();
  await settle();
  t.mock.timers.tick(2_000);
  const { device: proof } = (await socket.request("connect")).params as ConnectParams;

  assert.deepEqual(proof, {
    id: "d",
    publicKey: "k",
    signature: "signed v1|d|test|test|operator||2005|",
    signedAt: 2005,
  });
});

test("answers a method with its result", async () => {
  const { client, socket } = await connected();
  const answer = client.request("health");

  socket.answer(await socket.request("health"), { ok: true, ts: 1 });

  assert.deepEqual(await answer, { ok: true, ts: 1 });
});

test("a two-stage method acknowledges first and answers later", async () => {
  const { client, socket } = await connected();
  const acks: unknown[] = [];
  const answer = client.request("agent", { message: "hi", idempotencyKey: "k" }, { onAck: (ack) => acks.push(ack) });

  const request = await socket.request("agent");
  socket.answer(request, { runId: "k", status: "accepted", acceptedAt: 1 });
  socket.answer(request, { runId: "k", status: "ok", summary: "completed" });

  assert.deepEqual(await answer, { runId: "k", status: "ok", summary: "completed" });
  assert.deepEqual(acks, [{ runId: "k", status: "accepted", acceptedAt: 1 }]);
});

test("a refusal carries the gateway's error", async () => {
  const { client, socket } = await connected();
  const answer = client.request("nope");

  socket.refuse(await socket.request("nope"), { code: "INVALID_REQUEST", message: "unknown method: nope" });

  await assert.rejects(answer, new ResponseError({ code: "INVALID_REQUEST", message: "unknown method: nope" }));
});

test("a request can time out or be aborted without harming the connection", async () => {
  const { client } = await connected();
  const controller = new AbortController();
  const slow = client.request("health", {}, { timeoutMs: 1 });
  const unwanted = client.request("health", {}, { signal: controller.signal });

  controller.abort(new Error("changed my mind"));

  await assert.rejects(unwanted, { message: "changed my mind" });
  await assert.rejects(slow, RequestTimeout);
  assert.equal(client.state.kind, "connected");
});

test("events reach their listeners until these are disposed", async () => {
  const { client, socket } = await connected();
  const heard: unknown[] = [];
  const ticks = client.on("tick", (payload) => heard.push(payload));
  using _other = client.on("plugin.event", (payload) => heard.push(payload));

  socket.receive({ type: "event", event: "tick", payload: { ts: 1 }, seq: 1 });
  socket.receive({ type: "event", event: "plugin.event", payload: "x", seq: 2 });
  ticks.off();
  socket.receive({ type: "event", event: "tick", payload: { ts: 2 }, seq: 3 });

  assert.deepEqual(heard, [{ ts: 1 }, "x"]);
});

test("an event right behind the hello arrives when the client is already connected", async () => {
  const { client, sockets } = harness({});
  const kinds: string[] = [];
  client.on("tick", () => kinds.push(client.state.kind));
  void client.connect();
  const socket = await sockets.next();

  const request = await socket.challenge();
  socket.answer(request, hello);
  socket.receive({ type: "event", event: "tick", payload: { ts: 1 }, seq: 1 });

  assert.deepEqual(kinds, ["connected"]);
});

test("a jump in the event numbers is a gap; the first number is not", async () => {
  const { client, socket } = await connected();
  const gaps: Gap[] = [];
  client.onGap((gap) => gaps.push(gap));

  for (const seq of [7, 8, 10, 11]) socket.receive({ type: "event", event: "tick", payload: { ts: seq }, seq });

  assert.deepEqual(gaps, [{ expected: 9, received: 10 }]);
});

test("messages that are no frames are ignored", async () => {
  const { client, socket } = await connected();

  socket.emit("message", { data: "not json" });
  socket.emit("message", { data: new Uint8Array(2) });
  socket.receive({ type: "res", id: "99", ok: true });

  assert.equal(client.state.kind, "connected");
});

test("a gateway that falls silent for more than two ticks is left with 4000", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { socket } = await connected({ reconnect: false });

  t.mock.timers.tick(30_000);
  socket.receive({ type: "event", event: "tick", payload: { ts: 1 }, seq: 1 });
  t.mock.timers.tick(60_000);
  assert.equal(socket.closedWith, undefined);
  t.mock.timers.tick(30_000);

  assert.deepEqual(socket.closedWith, { code: 4000, reason: "tick timeout" });
});

test("a lost connection rejects what is in flight and is made again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, socket, sockets, states } = await connected();
  const answer = client.request("health");

  socket.emit("close", { code: 1012, reason: "service restart" });
  await assert.rejects(answer, { closeCode: 1012, reason: "service restart" });
  await settle();
  t.mock.timers.tick(500);
  await sockets.next().then((next) => next.accept());
  await client.connect();

  assert.deepEqual(states.map(describe), [
    "connecting",
    "connected",
    "reconnecting: connection closed (1012: service restart)",
    "connected",
  ]);
});

test("whoever asks again as soon as a connection ends waits for the next one", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, socket, sockets } = await connected();
  let isBack = false;
  const again = client
    .request("health")
    .catch(() => client.connect())
    .then(() => {
      isBack = true;
    });

  socket.emit("close", { code: 1012, reason: "service restart" });
  await settle();
  const wasBack = isBack;
  t.mock.timers.tick(100);
  await sockets.next().then((next) => next.accept());
  await again;

  assert.deepEqual([wasBack, isBack], [false, true]);
});

test("pauses grow and a caller can end one", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(Math, "random", () => 1);
  const { client, sockets, states } = harness({});
  t.mock.timers.setTime(0);
  void Promise.allSettled([client.connect()]);

  for (let attempt = 0; attempt < 4; attempt++) {
    const socket = await sockets.next();
    socket.emit("close", { code: 1006, reason: "" });
    await settle();
    client.retryNow();
  }

  const pauses = states.flatMap((state) => (state.kind === "reconnecting" ? [state.retryAt - Date.now()] : []));
  assert.deepEqual(
    pauses.map((pause) => Math.round(pause / 500)),
    [1, 2, 4, 8],
  );
});

test("a gateway that says when to come back is obeyed", async () => {
  const { client, sockets, states } = harness({});
  void Promise.allSettled([client.connect()]);
  const socket = await sockets.next();

  const error = { code: "UNAVAILABLE", message: "gateway starting; retry shortly", retryable: true };
  socket.refuse(await socket.challenge(), { ...error, retryAfterMs: 90_000 });
  await settle();

  const last = states.at(-1);
  assert.ok(last?.kind === "reconnecting" && last.retryAt - Date.now() > 80_000);
});

test("a wrong token ends it: connect rejects and nothing is tried again", async () => {
  const { client, sockets, states } = harness({ token: "wrong" });
  const answer = client.connect();

  await sockets
    .next()
    .then((socket) => socket.deny("unauthorized: gateway token mismatch (provide gateway auth token)"));

  await assert.rejects(answer, { message: /token mismatch/ });
  await assert.rejects(client.connect(), { message: /token mismatch/ });
  assert.deepEqual(states.map(describe).at(-1)?.slice(0, 20), "closed: unauthorized");
  assert.equal(sockets.count, 1);
});

test("a device that waits for approval keeps asking", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, sockets, states } = harness({ device, token: "t" });
  const answer = client.connect();
  const socket = await sockets.next();

  socket.refuse(await socket.challenge(), {
    code: "NOT_PAIRED",
    message: "pairing required",
    details: { requestId: "r1" },
  });
  await settle();
  const waiting = states.at(-1);
  t.mock.timers.tick(5_000);
  await sockets.next().then((next) => next.accept());

  assert.ok(waiting?.kind === "reconnecting" && waiting.reason instanceof ResponseError);
  assert.equal(waiting.reason.detail("requestId"), "r1");
  assert.deepEqual(await answer, hello);
});

test("the device token from the hello is kept for its role and used before the shared token", async () => {
  const deviceTokens = memoryTokens();
  const first = harness({ device, token: "shared", deviceTokens });
  void first.client.connect();
  const auth = { role: "operator" as const, scopes: [], deviceToken: "device-token" };
  await first.sockets.next().then((socket) => socket.accept({ ...hello, auth }));

  const second = harness({ device, token: "shared", deviceTokens });
  void second.client.connect();
  const params = await second.sockets.next().then((socket) => socket.accept());

  assert.deepEqual(params.auth, { token: "device-token" });
  assert.match(params.device?.signature ?? "", /\|device-token\|/);
});

test("a rejected device token is forgotten and the shared token tried once", async () => {
  const deviceTokens = memoryTokens();
  await deviceTokens.save("operator", "revoked");
  const { client, sockets } = harness({ device, token: "shared", deviceTokens });
  const answer = client.connect();

  await sockets.next().then((socket) => socket.deny("unauthorized: gateway token mismatch"));
  const params = await sockets.next().then((socket) => socket.accept());

  assert.deepEqual(params.auth, { token: "shared" });
  assert.deepEqual(await answer, hello);
  assert.equal(await deviceTokens.load("operator"), undefined);
});

test("a gateway from before v3 signatures is offered v2, once", async () => {
  const { client, sockets } = harness({ device, token: "t" });
  const answer = client.connect();

  await sockets.next().then((socket) => socket.deny("device signature invalid"));
  const params = await sockets.next().then((socket) => socket.deny("device signature invalid"));

  assert.equal(params.device?.signature, `signed v2|d|test|test|operator||1737264000000|t|${NONCE}`);
  await assert.rejects(answer, { message: "device signature invalid" });
  assert.equal(sockets.count, 2);
});

test("without reconnect a failed attempt and a lost connection are final", async () => {
  const { client, sockets } = harness({ reconnect: false });
  const answer = client.connect();

  await sockets.next().then((socket) => socket.emit("close", { code: 1006, reason: "" }));

  await assert.rejects(answer, ConnectionClosed);
  assert.equal(client.state.kind, "closed");
});

test("close ends everything at once, also during a pause or a handshake", async () => {
  const open = await connected();
  const request = open.client.request("health");
  const early = harness({});
  const connecting = early.client.connect();
  await early.sockets.next();

  open.client.close();
  await early.client[Symbol.asyncDispose]();

  await assert.rejects(request, ConnectionClosed);
  await assert.rejects(connecting, ConnectionClosed);
  await assert.rejects(open.client.request("health"), { message: "not connected to the gateway" });
  assert.deepEqual(open.socket.closedWith, { code: 1000, reason: "" });
});

test("a URL or fingerprint that cannot work is refused before anything is sent", () => {
  const attempt = (options: Partial<ClientOptions>) => () => harness(options);

  assert.throws(attempt({ url: "http://127.0.0.1:18789" }), { message: /must begin with ws:\/\/ or wss:\/\// });
  assert.throws(attempt({ url: "127.0.0.1" }), { message: /must begin with ws:\/\/ or wss:\/\// });
  assert.throws(attempt({ tlsFingerprint: "ab" }), { message: /needs a wss:\/\/ URL/ });
});

test("calls are typed by the contract", () => {
  const { client } = harness({});
  const dynamic: string = "any.method";
  const calls = () => [
    client.request("health"),
    client.request("agent", { message: "hi", idempotencyKey: "k" }).then((result) => result.summary.length),
    client.request("plugin.method", { any: "thing" }),
    client.request(dynamic),
    // @ts-expect-error: message and idempotencyKey are required
    client.request("agent", {}),
    // @ts-expect-error: params cannot be left out
    client.request("agent"),
    client.on("tick", ({ ts }) => ts.toFixed()),
    // @ts-expect-error: a tick has no such field
    client.on("tick", ({ text }) => text),
  ];
  const sockets = (browser: WebSocket, ws: WsSocket): WebSocketLike[] => [browser, ws];

  assert.deepEqual([typeof calls, typeof sockets], ["function", "function"]);
});

function describe(state: ClientState): string {
  return "reason" in state ? `${state.kind}: ${state.reason?.message}` : state.kind;
}

/** Lets promises that are ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function connected(options: Partial<ClientOptions> = {}) {
  const parts = harness(options);
  void parts.client.connect();
  const socket = await parts.sockets.next();
  await socket.accept();
  await parts.client.connect();
  return { ...parts, socket };
}

function harness({ displayName, ...options }: Partial<ClientOptions> & { displayName?: string }) {
  const sockets = new Sockets();
  const client = new GatewayClient({
    url: "ws://127.0.0.1:1",
    client: { id: "test", version: "1", platform: "Linux", mode: "test", ...(displayName && { displayName }) },
    createSocket: () => sockets.create(),
    ...options,
  });
  clients.push(client);
  const states: ClientState[] = [];
  client.onState((state) => states.push(state));
  return { client, sockets, states };
}

/** The gateway's side of every socket the client opens, in order. */
class Sockets {
  readonly #created: FakeSocket[] = [];
  readonly #changes = new EventTarget();
  #taken = 0;

  get count(): number {
    return this.#created.length;
  }

  create(): FakeSocket {
    const socket = new FakeSocket();
    this.#created.push(socket);
    this.#changes.dispatchEvent(new Event("created"));
    return socket;
  }

  async next(): Promise<FakeSocket> {
    if (this.#taken === this.#created.length) await once(this.#changes, "created");
    return this.#created[this.#taken++] as FakeSocket;
  }
}

class FakeSocket implements WebSocketLike {
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #listeners = new Map<string, ((event: never) => void)[]>();
  readonly #requests: RequestFrame[] = [];
  readonly #changes = new EventTarget();
  #taken = 0;

  send(data: string): void {
    this.#requests.push(JSON.parse(data));
    this.#changes.dispatchEvent(new Event("sent"));
  }

  close(code?: number, reason?: string): void {
    this.closedWith ??= { code, reason };
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  open(): void {
    this.emit("open", {});
  }

  receive(frame: object): void {
    this.emit("message", { data: JSON.stringify(frame) });
  }

  answer({ id }: RequestFrame, payload: unknown): void {
    this.receive({ type: "res", id, ok: true, payload });
  }

  refuse({ id }: RequestFrame, error: ErrorShape): void {
    this.receive({ type: "res", id, ok: false, error });
  }

  async request(method: string): Promise<RequestFrame> {
    if (this.#taken === this.#requests.length) await once(this.#changes, "sent");
    const request = this.#requests[this.#taken++] as RequestFrame;
    assert.equal(request.method, method);
    return request;
  }

  /** Opens, challenges, and returns the connect request. */
  challenge(): Promise<RequestFrame> {
    this.open();
    this.receive({ type: "event", event: "connect.challenge", payload: { nonce: NONCE, ts: 1737264000000 } });
    return this.request("connect");
  }

  async accept(payload: HelloOk = hello): Promise<ConnectParams> {
    const request = await this.challenge();
    this.answer(request, payload);
    return request.params as ConnectParams;
  }

  async deny(message: string): Promise<ConnectParams> {
    const request = await this.challenge();
    this.refuse(request, { code: "INVALID_REQUEST", message });
    return request.params as ConnectParams;
  }
}
