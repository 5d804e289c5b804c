import assert from "node:assert/strict";
import { test } from "node:test";
import type { Data } from "../../base/discovery/message.ts";
import { gatewaysIn, type ReceivedRecord } from "./found.ts";

const TYPE = ["_moltbot-gw", "_tcp", "local"];
const HOST = ["box-moltbot", "local"];
const FINGERPRINT = "ab".repeat(32);

interface Claimed {
  readonly label?: string;
  readonly type?: readonly string[];
  readonly port?: number;
  readonly host?: readonly string[];
  readonly address?: string;
  readonly text?: readonly string[];
  readonly from?: string | undefined;
}

/** What a network tells of one gateway. */
function claimed(claim: Claimed = {}): ReceivedRecord[] {
  const { label = "box (Moltbot)", type = TYPE, port = 18_789, host = HOST, address = "192.168.1.20" } = claim;
  const { text = ["displayName=box"] } = claim;
  const from = "from" in claim ? claim.from : "192.168.1.20";
  const instance = [label, ...type];
  const told = (name: readonly string[], data: Data): ReceivedRecord => ({
    record: { name, ttl: 120, isUnique: true, data },
    from,
  });
  return [
    told(type, { kind: "PTR", target: instance }),
    told(instance, { kind: "SRV", port, target: host }),
    told(instance, { kind: "TXT", entries: text }),
    told(host, { kind: address.includes(":") ? "AAAA" : "A", address }),
  ];
}

test("a gateway is read with its name, its address and what it says of its certificate", () => {
  const tls = ["gatewayTls=1", `gatewayTlsSha256=${FINGERPRINT}`, `gatewayTlsKeySha256=${FINGERPRINT.toUpperCase()}`];
  const told = claimed({ text: ["displayName=box", ...tls] });

  assert.deepEqual(gatewaysIn(told), [
    {
      ...{ name: "box", url: "wss://192.168.1.20:18789", host: "box-moltbot.local", port: 18_789 },
      ...{ addresses: ["192.168.1.20"], toldFingerprint: FINGERPRINT, toldPin: `spki:${FINGERPRINT}` },
    },
  ]);
});

test("the three brands of one gateway are one", () => {
  const told = ["_moltbot-gw", "_clawdbot-gw", "_openclaw-gw"].flatMap((brand) =>
    claimed({ type: [brand, "_tcp", "local"] }),
  );

  assert.equal(gatewaysIn(told).length, 1);
});

test("the port of the text does not count, and no text makes a gateway of another service", () => {
  const other = gatewaysIn(claimed({ type: ["_http", "_tcp", "local"] }));
  const [found] = gatewaysIn(claimed({ text: ["gatewayPort=22", "lanHost=evil.example"] }));

  assert.deepEqual([other, found?.url], [[], "ws://192.168.1.20:18789"]);
});

const NAMES: readonly [string, string, string][] = [
  ["codes that colour", "displayName=\x1b[31mred\x1b[0m", "red"],
  ["codes that write the title", "displayName=\x1b]0;owned\x07box", "box"],
  ["letters that run backwards", "displayName=box\u202egnp.exe", "boxgnp.exe"],
  ["line ends", "displayName=box\r\n$ moltbot connect evil", "box $ moltbot connect evil"],
  ["more than a line", `displayName=${"a".repeat(240)}`, `${"a".repeat(47)}…`],
  ["nothing", "displayName=", "box (Moltbot)"],
  ["only signs that nobody sees", "displayName=\u200b\u0007", "box (Moltbot)"],
];
for (const [what, entry, shown] of NAMES) {
  test(`a name with ${what} is shown safely`, () => {
    assert.equal(gatewaysIn(claimed({ text: [entry] }))[0]?.name, shown);
  });
}

const REFUSED: readonly [string, Claimed][] = [
  ["port 0", { port: 0 }],
  ["an address of the internet", { address: "8.8.8.8" }],
  ["an address of the internet, as IPv6", { address: "2001:4860:4860::8888" }],
  ["this machine's own address, told by another", { address: "127.0.0.1" }],
  ["an address of everybody", { address: "224.0.0.251" }],
  ["no address at all", { address: "0.0.0.0" }],
  ["a host with blanks", { host: ["box; rm -rf", "local"] }],
  ["a host with signs of a terminal", { host: ["\x1b[2J", "local"] }],
  ["a host that looks like an option", { host: ["-oProxyCommand=x", "local"] }],
  [
    "a name of a tailnet from the local network, without an address",
    { host: ["box", "t", "ts", "net"], address: "1.1.1.1" },
  ],
];
for (const [what, claim] of REFUSED) {
  test(`${what} is left out`, () => {
    assert.deepEqual(gatewaysIn(claimed(claim)), []);
  });
}

test("a fingerprint that is none, or of a gateway without TLS, is not shown", () => {
  const broken = gatewaysIn(claimed({ text: ["gatewayTls=1", "gatewayTlsSha256=\x1b[31m"] }));
  const plain = gatewaysIn(claimed({ text: [`gatewayTlsSha256=${FINGERPRINT}`] }));

  assert.deepEqual([broken[0]?.toldFingerprint, plain[0]?.toldFingerprint], [undefined, undefined]);
});

test("a thousand gateways are a hundred, and what is incomplete is none", () => {
  const many = Array.from({ length: 1_000 }, (_, at) => claimed({ label: `box ${at}`, port: at + 1 })).flat();
  const cut = claimed().filter(({ record }) => record.data.kind !== "SRV");

  assert.deepEqual([gatewaysIn(many).length, gatewaysIn(cut).length], [100, 0]);
});

test("a name server's gateway in a tailnet is used by its name, with TLS", () => {
  const told = claimed({ host: ["box", "tail1", "ts", "net"], port: 443, from: undefined });

  assert.equal(gatewaysIn(told)[0]?.url, "wss://box.tail1.ts.net:443");
});
