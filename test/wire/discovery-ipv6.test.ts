// Multicast DNS over IPv6. Loopback has no multicast of IPv6 by itself, so each test runs in a network of its own.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LIMIT_MS } from "../support/time-limit.ts";

const STAGE = fileURLToPath(new URL("../support/mdns6-stage.ts", import.meta.url));
const NETWORK = "ip link set lo multicast on up && ip -6 route add local ff00::/8 dev lo table local";

/** Why it cannot be tested here. */
function whyNot(): string | false {
  try {
    execFileSync("unshare", ["-rn", "sh", "-c", NETWORK], { stdio: "ignore" });
    return false;
  } catch {
    return "this system makes no network of its own for a test";
  }
}

async function heard(host: string): Promise<unknown> {
  const command = `${NETWORK} && exec "$0" --conditions=moltbot-source "$1" "$2"`;
  const child = spawn("unshare", ["-rn", "sh", "-c", command, process.execPath, STAGE, host], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: LIMIT_MS,
  });
  const [out] = await Promise.all([text(child.stdout), once(child, "close")]);
  return JSON.parse(out);
}

test("a gateway that listens on IPv6 is found over IPv6, with its address there", { skip: whyNot() }, async () => {
  assert.deepEqual(await heard("::"), { told: ["SRV", "::1"], found: ["ws://[::1]:PORT"] });
});

test("a gateway that listens on IPv4 only answers over IPv6, and tells no address there", {
  skip: whyNot(),
}, async () => {
  assert.deepEqual(await heard("0.0.0.0"), { told: ["SRV"], found: [] });
});
