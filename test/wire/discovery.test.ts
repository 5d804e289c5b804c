// The local network is told of a gateway by multicast DNS: what is told, when not, whose the names are, and what strangers can do.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { hostname } from "node:os";
import { test } from "node:test";
import { type Data, type Message, TYPE } from "../../packages/gateway/src/base/discovery/message.ts";
import { readMessage } from "../../packages/gateway/src/base/discovery/message-reader.ts";
import { writeMessage } from "../../packages/gateway/src/base/discovery/message-writer.ts";
import { hostLabel } from "../../packages/gateway/src/base/discovery/service.ts";
import { quickClock } from "../fakes/quick-clock.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { Neighbour } from "../support/mdns.ts";
import { within } from "../support/time-limit.ts";

const TOLD = "the local network is told of this gateway";
const BRANDS = ["_moltbot-gw", "_clawdbot-gw", "_openclaw-gw"];
const HOST = `${hostLabel(hostname())}.local`;

let last = 0;
/** A name that no other test of this machine has. */
function newName(): string {
  return `box ${process.pid}-${last++}`;
}

function settings(
  name: string,
  mdns: Record<string, unknown> = { mode: "minimal" },
  gateway: unknown = { bind: "lan" },
) {
  return JSON.stringify({ gateway, discovery: { name, mdns: { interfaces: ["127.0.0.1"], ...mdns } } });
}

async function told(name: string, more?: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await testGateway({ config: settings(name, { mode: "minimal", ...more }) });
  await gateway.logged(TOLD);
  return gateway;
}

const trusting = { ws: { rejectUnauthorized: false } };

async function statusOf(gateway: TestGateway, options = {}) {
  const client = await gateway.connect({ scopes: ["operator.read"] }, options);
  return await client.call("discovery.status", {});
}

test("a gateway beyond loopback is found as all three brands, with its port, its text and its address", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  await using gateway = await told(name);

  for (const brand of BRANDS) {
    const instance = `${name} (Moltbot).${brand}._tcp.local`;
    const pointer = await neighbour.ask(`${brand}._tcp.local`, "PTR", ({ data }) => data === instance);
    const place = await neighbour.ask(instance, "SRV", (each) => each.name === instance && each.type === "SRV");
    const text = await neighbour.ask(instance, "TXT", (each) => each.name === instance && each.type === "TXT");

    assert.equal(pointer.ttl, 4_500);
    assert.deepEqual([place.data.port, place.data.target], [gateway.port, HOST]);
    assert.deepEqual(text.data, [
      ...["role=gateway", `gatewayPort=${gateway.port}`, `lanHost=${HOST}`, `displayName=${name}`],
      ...["transport=gateway", "gatewayDirectReachable=1"],
    ]);
  }
  const address = await neighbour.ask(HOST, "A", (each) => each.name === HOST && each.type === "A");
  const types = await neighbour.ask(
    "_services._dns-sd._udp.local",
    "PTR",
    ({ data }) => data === "_moltbot-gw._tcp.local",
  );
  assert.deepEqual([address.data, address.ttl, types.ttl], ["127.0.0.1", 120, 4_500]);
});

test("a stop takes all of it back", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  await using gateway = await told(name);

  await gateway.stop();

  const gone = await neighbour.hear(({ data, ttl }) => ttl === 0 && String(data).startsWith(name), "a goodbye");
  const last = neighbour.heard.findLast(({ type, name: of }) => type === "SRV" && of.startsWith(name));
  assert.equal(gone.type, "PTR");
  assert.equal(last?.ttl, 0);
});

test("full tells of ssh and the command too, and TLS of its certificate; minimal does not", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  const gateway = { bind: "lan", tls: { enabled: true } };
  await using full = await testGateway({
    config: settings(name, { mode: "full" }, gateway),
    env: { MOLTBOT_CLI_PATH: "/opt/moltbot", CLAWDBOT_SSH_PORT: "2222", MOLTBOT_TAILNET_DNS: "box.tail1.ts.net" },
  });
  await full.logged(TOLD);

  const instance = `${name} (Moltbot)._moltbot-gw._tcp.local`;
  const { data } = await neighbour.ask(instance, "TXT", (each) => each.name === instance && each.type === "TXT");

  const [pin] = (await statusOf(full, trusting)).pins;
  const sha = full.running.tlsFingerprint?.replaceAll(":", "").toLowerCase();
  assert.deepEqual(data.slice(5), [
    ...["gatewayTls=1", `gatewayTlsSha256=${sha}`],
    ...[`gatewayTlsKeySha256=${pin.key.replace("spki:", "")}`, "gatewayDirectReachable=1"],
    ...["sshPort=2222", "cliPath=/opt/moltbot", "tailnetDns=box.tail1.ts.net"],
  ]);
});

const SILENT: readonly [string, string, Record<string, string>, RegExp][] = [
  ["on loopback", settings("x", { mode: "full" }, {}), {}, /listens on this machine only/],
  ["when it is off", settings("x", { mode: "off" }), {}, /discovery\.mdns\.mode is off/],
  ["when the environment says so", settings("x"), { CLAWDBOT_DISABLE_BONJOUR: "1" }, /DISABLE_BONJOUR is 1/],
];
for (const [when, config, env, reason] of SILENT) {
  test(`${when} nobody is told`, async () => {
    await using gateway = await testGateway({ config, env });

    const status = await statusOf(gateway);

    assert.equal(status.state, "off");
    assert.match(status.reason, reason);
    assert.equal(gateway.sentences.includes(TOLD), false);
  });
}

test("an interface that is not there is told as the reason, and the gateway works", async () => {
  const config = settings("x", { mode: "minimal", interfaces: ["192.0.2.7"] });
  await using gateway = await testGateway({ config });
  await gateway.logged("the local network is not told of this gateway");

  const status = await statusOf(gateway);

  assert.deepEqual(
    [status.state, status.reason],
    ["failed", "this machine has no network in which others could be found"],
  );
});

test("two gateways of one name take different ones, also when they begin at once", async () => {
  const name = newName();
  const begun = await Promise.all([1, 2].map(() => testGateway({ config: settings(name) })));
  await using _first = begun[0]!;
  await using _second = begun[1]!;
  await Promise.all(begun.map((each) => each.logged(TOLD)));

  const names = await Promise.all(begun.map(async (each) => (await statusOf(each)).name));

  assert.deepEqual(names.toSorted(), [`${name} (Moltbot)`, `${name} (Moltbot) (2)`]);
});

test("a name that somebody else has by the time it is told is given up for the next one", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  await using gateway = await told(name);
  const before = gateway.log.length;

  const taken = `${name} (Moltbot)._moltbot-gw._tcp.local`;
  neighbour.socket.respond({
    answers: [{ name: taken, type: "SRV", ttl: 120, data: { port: 1, target: "other.local" } }],
  });
  await gateway.logged(TOLD, before);

  assert.equal((await statusOf(gateway)).name, `${name} (Moltbot) (2)`);
});

test("a neighbour that takes every name silences the advertisement, not the gateway", {
  timeout: 120_000,
}, async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  neighbour.onQuery = ({ authorities = [] }) => {
    for (const each of authorities as readonly { name: string; type: string }[])
      if (each.type === "SRV" && each.name.startsWith(name))
        neighbour.socket.respond({
          answers: [{ name: each.name, type: "SRV", ttl: 120, data: { port: 1, target: "other.local" } }],
        });
  };
  await using gateway = await testGateway({ config: settings(name) });
  await gateway.logged("the local network is not told of this gateway");

  const status = await statusOf(gateway);

  assert.equal(status.state, "failed");
  assert.match(status.reason, /^other devices on the network have every name; set discovery\.name/);
});

test("names that are free again after a while are taken then", { timeout: 120_000 }, async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  neighbour.onQuery = ({ authorities = [] }) => {
    for (const each of authorities as readonly { name: string; type: string }[])
      if (each.type === "SRV" && each.name.startsWith(name))
        neighbour.socket.respond({
          answers: [{ name: each.name, type: "SRV", ttl: 120, data: { port: 1, target: "other.local" } }],
        });
  };
  await using gateway = await testGateway({ config: settings(name), clock: quickClock(100) });
  await gateway.logged("the local network is not told of this gateway");
  const before = gateway.log.length;

  neighbour.onQuery = undefined;
  await gateway.logged(TOLD, before);

  const status = await statusOf(gateway);
  assert.deepEqual([status.state, status.name], ["active", `${name} (Moltbot)`]);
});

/** Sends to the group from a port of its own, as a program that is no part of multicast DNS. */
async function stranger() {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.bind(0);
  await once(socket, "listening");
  socket.setMulticastInterface("127.0.0.1");
  return Object.assign(socket, {
    say: (bytes: Buffer) => new Promise((resolve) => socket.send(bytes, 5353, "224.0.0.251", resolve)),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  });
}

test("a program outside multicast DNS gets its answer alone, under its own id", async () => {
  const name = newName();
  await using gateway = await told(name);
  await using socket = await stranger();
  const question = { name: [`${name} (Moltbot)`, "_moltbot-gw", "_tcp", "local"], type: TYPE.SRV, isUnicast: false };

  const answered = once(socket, "message");
  await socket.say(writeMessage({ id: 4_711, questions: [question] }));
  const [bytes] = await within(answered, "the answer");

  const message = readMessage(bytes as Buffer);
  assert.deepEqual([message?.id, message?.questions], [4_711, [question]]);
  assert.deepEqual(
    message?.answers.map(({ ttl, isUnique, data }) => [ttl, isUnique, data.kind]),
    [
      [10, false, "SRV"],
      [10, false, "A"],
    ],
  );
  assert.ok(gateway.port > 0);
});

test("garbage, false answers and a flood of questions bring forth little, and the gateway goes on", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  await using gateway = await told(name);
  await using socket = await stranger();
  const instance = [`${name} (Moltbot)`, "_moltbot-gw", "_tcp", "local"];
  const spoofed = writeMessage({
    isResponse: true,
    answers: [{ name: instance, ttl: 120, isUnique: true, data: { kind: "SRV", port: 9, target: ["evil", "local"] } }],
  });
  const question = writeMessage({ questions: [{ name: instance.slice(1), type: TYPE.PTR, isUnicast: false }] });
  await neighbour.ask("_moltbot-gw._tcp.local", "PTR", ({ data }) => data === instance.join("."));
  const answersBefore = neighbour.answers;
  let direct = 0;
  socket.on("message", () => direct++);

  for (let at = 0; at < 300; at++) {
    await socket.say(Buffer.from(Array.from({ length: at }, (_, index) => (index * at) % 256)));
    await socket.say(question);
    neighbour.socket.query("_moltbot-gw._tcp.local", "PTR");
  }
  await socket.say(spoofed);
  const again = neighbour.heard.length;
  neighbour.heard.length = 0;
  await neighbour.ask(instance.join("."), "SRV", ({ type, name: of }) => type === "SRV" && of === instance.join("."));

  const status = await statusOf(gateway);
  assert.equal(status.name, `${name} (Moltbot)`);
  assert.ok(again < 400 && neighbour.answers - answersBefore < 60, `${neighbour.answers - answersBefore} answers`);
  assert.ok(direct <= 120, `${direct} direct answers`);
});

/** Names and texts that are no UTF-8, in a question, in what is known and in a claim: as replaced letters they would be too long. */
function unreadable(name: string): readonly Buffer[] {
  const instance = [`${name} (Moltbot)`, "_moltbot-gw", "_tcp", "local"];
  const plain = { name: instance, type: TYPE.SRV, isUnicast: false };
  const marked = (length: number) => "#".repeat(length);
  const spoil = (bytes: Buffer) => Buffer.from(bytes.map((byte) => (byte === 0x23 ? 0xff : byte)));
  const record = (data: Data) => ({ name: instance, ttl: 4_500, isUnique: true, data });
  const text = record({ kind: "TXT", entries: [marked(255)] });
  const place = record({ kind: "SRV", port: 1, target: [marked(63), "local"] });
  const pointer = { ...record({ kind: "PTR", target: [marked(63)] }), name: instance.slice(1) };
  const type = { name: instance.slice(1), type: TYPE.PTR, isUnicast: false };
  const messages: readonly Partial<Message>[] = [
    { questions: [plain, { ...plain, name: [marked(63), "local"] }] },
    { questions: [plain, type], answers: [text, place, pointer] },
    { questions: [plain], authorities: [text, place] },
  ];
  return messages.map((message) => spoil(writeMessage(message)));
}

test("names and texts that are no UTF-8 end nothing", async () => {
  await using neighbour = await new Neighbour().ready();
  const name = newName();
  await using gateway = await told(name);
  await using socket = await stranger();
  const instance = `${name} (Moltbot)._moltbot-gw._tcp.local`;

  for (const bytes of unreadable(name)) await socket.say(bytes);
  await neighbour.ask(instance, "SRV", ({ type, name: of }) => type === "SRV" && of === instance);

  assert.equal((await statusOf(gateway)).state, "active");
});

test("who says that it knows the answer gets none", async () => {
  const name = newName();
  await using _gateway = await told(name);
  await using socket = await stranger();
  const type = ["_moltbot-gw", "_tcp", "local"];
  const instance = [`${name} (Moltbot)`, ...type];
  const known = { name: type, ttl: 4_500, isUnique: false, data: { kind: "PTR", target: instance } } as const;

  const answered = once(socket, "message");
  await socket.say(
    writeMessage({ id: 1, questions: [{ name: type, type: TYPE.PTR, isUnicast: false }], answers: [known] }),
  );
  await socket.say(writeMessage({ id: 2, questions: [{ name: instance, type: TYPE.TXT, isUnicast: false }] }));
  const [bytes] = await within(answered, "the answer");

  assert.equal(readMessage(bytes as Buffer)?.id, 2);
});

test("a burst of questions from one program is answered a few times a second", async () => {
  const name = newName();
  await using _gateway = await told(name);
  await using neighbour = await new Neighbour().ready();
  await using socket = await stranger();
  const instance = [`${name} (Moltbot)`, "_moltbot-gw", "_tcp", "local"];
  const question = writeMessage({ questions: [{ name: instance, type: TYPE.SRV, isUnicast: false }] });
  let direct = 0;
  socket.on("message", () => direct++);

  await Promise.all(Array.from({ length: 150 }, () => socket.say(question)));
  await neighbour.ask(instance.join("."), "TXT", ({ type, name: of }) => type === "TXT" && of === instance.join("."));

  assert.ok(direct > 0 && direct <= 90, `${direct} answers`);
});
