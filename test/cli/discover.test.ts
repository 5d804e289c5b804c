// Finding gateways: in the local network, and in the zone of a name server; what is shown, and what to type next.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NameServer } from "../fakes/name-server.ts";
import { testGateway } from "../support/gateway.ts";
import { Neighbour } from "../support/mdns.ts";
import { Home } from "./harness.ts";

const NEAR = ["gateways", "discover", "--interface", "127.0.0.1", "--timeout", "3000"];

let last = 0;
function newName(): string {
  return `found ${process.pid}-${last++}`;
}

/** A gateway that tells its network, which is loopback. */
async function told(name: string, gatewaySettings: Record<string, unknown> = {}) {
  const config = {
    gateway: { bind: "lan", ...gatewaySettings },
    discovery: { name, mdns: { mode: "minimal", interfaces: ["127.0.0.1"] } },
  };
  const gateway = await testGateway({ config: JSON.stringify(config) });
  await gateway.logged("the local network is told of this gateway");
  return gateway;
}

interface Shown {
  readonly name: string;
  readonly url: string;
  readonly next: string;
  readonly known?: string;
  readonly toldFingerprint?: string;
  readonly toldPin?: string;
}

async function discovered(home: Home, args: readonly string[], env = {}): Promise<Shown[]> {
  const { code, stdout, stderr } = await home.run([...args, "--json"], { env });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).gateways;
}

test("a gateway in the network is found, and what is shown to type next uses it", async () => {
  const name = newName();
  await using gateway = await told(name, { tls: { enabled: true } });
  using home = new Home();

  const [found] = (await discovered(home, NEAR)).filter((each) => each.name === name);
  const words = found?.next.split(" ").slice(1) ?? [];
  const connected = await home.run([...words, "--token", "secret-token", "--yes", "--name", "near"]);
  const [known] = (await discovered(home, NEAR)).filter((each) => each.name === name);
  const table = await home.run(NEAR);
  const pinned = JSON.parse((await home.run(["gateways", "--json"])).stdout).gateways[0].pin;

  assert.equal(found?.next, `moltbot connect wss://127.0.0.1:${gateway.port}`);
  assert.equal(found?.toldPin, pinned);
  assert.equal(found?.toldFingerprint, gateway.running.tlsFingerprint?.replaceAll(":", "").toLowerCase());
  assert.equal(connected.code, 0, connected.stderr);
  assert.deepEqual([known?.known, known?.next], ["near", "moltbot status --gateway near"]);
  assert.match(table.stdout, new RegExp(`^${name} +wss://127\\.0\\.0\\.1:${gateway.port} +near`, "m"));
  assert.match(table.stdout, /^moltbot status --gateway near$/m);
  assert.match(table.stderr, /Anybody in a network can claim all of this/);
});

test("a gateway without TLS is used through ssh, since the token would cross in clear", async () => {
  const name = newName();
  await using gateway = await told(name);
  using home = new Home();

  const [found] = (await discovered(home, NEAR)).filter((each) => each.name === name);

  assert.deepEqual(
    [found?.url, found?.next],
    [`ws://127.0.0.1:${gateway.port}`, "moltbot connect --ssh USER@127.0.0.1"],
  );
});

test("what a neighbour claims is shown safely, and its fingerprint is no pin", async () => {
  const name = newName();
  await using gateway = await testGateway({ overrides: { tls: true } });
  await using neighbour = await new Neighbour().ready();
  using home = new Home();
  const type = "_openclaw-gw._tcp.local";
  const instance = `${name}._openclaw-gw._tcp.local`;
  const lie = "0".repeat(64);
  neighbour.onQuery = ({ questions = [] }) => {
    if (!questions.some((each) => each.name === type)) return;
    const text = [
      `displayName=${name}\x1b]0;owned\x07\u202e`,
      "gatewayTls=1",
      `gatewayTlsSha256=${lie}`,
      "gatewayPort=1",
    ];
    neighbour.socket.respond({
      answers: [
        { name: type, type: "PTR", ttl: 120, data: instance },
        { name: instance, type: "SRV", ttl: 120, data: { port: gateway.port, target: "evil.local" } },
        { name: instance, type: "TXT", ttl: 120, data: text },
        { name: "evil.local", type: "A", ttl: 120, data: "127.0.0.1" },
        { name: "evil.local", type: "A", ttl: 120, data: "8.8.8.8" },
      ],
    });
  };

  const [found] = (await discovered(home, NEAR)).filter((each) => each.name === name);
  const table = await home.run(NEAR);
  const words = found?.next.split(" ").slice(1) ?? [];
  const unasked = await home.run([...words, "--token", "secret-token", "--name", "evil"]);

  assert.equal(found?.next, `moltbot connect wss://127.0.0.1:${gateway.port}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
  assert.doesNotMatch(table.stdout, /[\x1b\x07\u202e]/);
  assert.notEqual(unasked.code, 0);
  assert.match(unasked.stderr, /shows this pin:/);
  assert.doesNotMatch(unasked.stderr, /0000 0000/);
});

test("where nothing is found, it is said how gateways are found", async () => {
  using home = new Home();

  const none = await home.run(["gateways", "discover", "--interface", "127.0.0.1", "--timeout", "1", "--json"]);
  const noNetwork = await home.run(["gateways", "discover", "--interface", "192.0.2.9"]);
  const wrong = await home.run(["gateways", "discover", "--timeout", "0"]);

  assert.deepEqual([none.code, none.stdout], [0, '{\n  "gateways": []\n}\n']);
  assert.deepEqual(
    [noNetwork.code, noNetwork.stderr],
    [1, "this machine has no network in which others could be found. Name an interface with --interface.\n"],
  );
  assert.equal(wrong.code, 2);
});

test("a zone file tells a name server of the gateway, and discover reads it there", async () => {
  using home = new Home();
  await home.run(["config", "set", "discovery.name", 'Büro "7"\\']);
  await using gateway = await home.gateway();
  const file = join(home.stateDir, "zone.db");
  const zone = ["dns", "zone", "--address", "100.64.0.1", "--address", "fd7a:115c:a1e0::1", "--out", file];

  const written = await home.run(zone);
  await using server = await new NameServer(readFileSync(file, "utf8")).listen();
  const found = await discovered(home, [...NEAR, "--domain", "moltbot.internal.", "--dns", server.address]);
  const again = await home.run(zone);

  assert.equal(written.code, 0, written.stderr);
  const gatewayUrl = `ws://100.64.0.1:${gateway.link.port}`;
  const ours = found.find(({ url }) => url === gatewayUrl);
  assert.equal(ours?.name, 'Büro "7"\\');
  assert.match(again.stdout, /zone\.db is up to date\.$/m);
  assert.ok(server.asked.includes("_moltbot-gw._tcp.moltbot.internal"));
});

test("the serial of a zone file rises with each change, and with nothing else", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  const file = join(home.stateDir, "zone.db");
  const serial = () => Number(/(\d+) ; serial/.exec(readFileSync(file, "utf8"))?.[1]);
  const write = (address: string) => home.run(["dns", "zone", "--address", address, "--out", file]);

  await write("100.64.0.1");
  const first = serial();
  writeFileSync(file, readFileSync(file, "utf8").replace(String(first), String(first + 5_000)));
  await write("100.64.0.1");
  const same = serial();
  await write("100.64.0.2");
  const second = serial();

  assert.deepEqual([same - first, second - first], [5_000, 5_001]);
});

test("a zone needs an address and a domain", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const none = await home.run(["dns", "zone"]);
  const noAddress = await home.run(["dns", "zone", "--address", "box\n@ IN NS evil"]);
  const noDomain = await home.run(["dns", "zone", "--address", "100.64.0.1", "--domain", "a b\n$INCLUDE /etc/passwd"]);

  assert.deepEqual(
    [none.code, none.stderr],
    [1, "This machine has no address in a tailnet. Start Tailscale, or name one with --address.\n"],
  );
  assert.deepEqual([noAddress.code, noDomain.code], [2, 2]);
});

test("a name server that is away or talks nonsense is told", async () => {
  using home = new Home();
  await using odd = await new NameServer("", () => Buffer.from("nonsense")).listen();
  const ask = (server: string) => home.run(["gateways", "discover", "--dns", server, "--timeout", "1000"]);

  const nonsense = await ask(odd.address);
  const away = await ask("127.0.0.1:9");
  const noServer = await ask("not an address");

  assert.deepEqual([nonsense.code, away.code, noServer.code], [3, 3, 2]);
  assert.match(away.stderr, /^The name server 127\.0\.0\.1:9 does not answer for moltbot\.internal \(\w+\)\. Check it/);
});
