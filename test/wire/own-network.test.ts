// Public addresses that are this machine's own, or its neighbours': no page and no fetch on behalf of others reaches them.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LIMIT_MS } from "../support/time-limit.ts";

const STAGE = fileURLToPath(new URL("../support/own-network-stage.ts", import.meta.url));
const [V4, V6, NEIGHBOUR] = ["8.8.4.4", "[2606:4700:4700::64]", "[2606:4700:4700::65]"];
const NETWORK = `ip link set lo up && ip addr add ${V4}/32 dev lo && ip -6 addr add 2606:4700:4700::64/64 dev lo`;

/** Why it cannot be tested here. */
function whyNot(): string | false {
  try {
    execFileSync("unshare", ["-rn", "sh", "-c", NETWORK], { stdio: "ignore" });
    return false;
  } catch {
    return "this system makes no network of its own for a test";
  }
}

test("what listens on a machine with public addresses is reached at none of them, unless it is named", {
  skip: whyNot(),
}, async () => {
  const command = `${NETWORK} && exec "$0" --conditions=moltbot-source "$@"`;
  const words = ["-rn", "sh", "-c", command, process.execPath, STAGE, V4!, V6!, NEIGHBOUR!];

  const { stdout } = await promisify(execFile)("unshare", words, {
    env: { ...process.env, MOLTBOT_TEST_OWN_ADDRESSES: V4 },
    timeout: LIMIT_MS,
  });

  const own = "belongs to this machine or its own network";
  assert.deepEqual(JSON.parse(stdout), {
    fetched: [`the address ${own}`, `the address ${own}`, `the address ${own}`, "secret"],
    browsed: [`403 ${V4} ${own}; allow it on the node with --browser-reach ${V4}:PORT`, "403 ", "200 secret"],
  });
});
