// gateway.tailscale.mode auto: serve where Tailscale gives certificates, else the tailnet address, else this machine alone.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Home } from "../cli/harness.ts";
import { FakeTailscale } from "../fakes/tailscale.ts";
import { testGateway } from "../support/gateway.ts";

const ALONE = "the gateway stays on this machine alone";
const FAILED = "Tailscale does not bring others to this gateway";

async function statusWith(tailscale: FakeTailscale, sentence: string, gatewaySettings: Record<string, unknown> = {}) {
  const config = JSON.stringify({ gateway: { ...gatewaySettings, tailscale: { mode: "auto" } } });
  const isOpen = "auth" in gatewaySettings;
  await using gateway = await testGateway({ config, env: tailscale.env, ...(isOpen && { token: null }) });
  await gateway.logged(sentence);
  const client = await gateway.connect({ scopes: ["operator.read"] });
  return await client.call("tailscale.status", {});
}

test("where the tailnet gives certificates, auto is serve", async () => {
  using tailscale = new FakeTailscale();

  const status = await statusWith(tailscale, "Tailscale brings others to this gateway");

  assert.deepEqual(status, { mode: "auto", state: "active", via: "serve", url: "https://box.tail1.ts.net" });
});

test("without Tailscale auto stays on loopback, and says why", async () => {
  using tailscale = new FakeTailscale();
  tailscale.state = "NeedsLogin";

  const status = await statusWith(tailscale, ALONE);

  assert.deepEqual(status, {
    ...{ mode: "auto", state: "active", via: "loopback" },
    reason: "Tailscale is not signed in; run tailscale up",
  });
});

test("an address that tailscaled names and nobody can listen on is told", async () => {
  using tailscale = new FakeTailscale();
  tailscale.machine = { CertDomains: null };

  const status = await statusWith(tailscale, FAILED);

  assert.deepEqual([status.state, status.url], ["failed", undefined]);
  assert.match(status.reason, /^the gateway cannot listen on its tailnet address 100\.64\.0\.1/);
});

test("an address outside the tailnet is never listened on", async () => {
  using tailscale = new FakeTailscale();
  tailscale.machine = {
    CertDomains: [],
    Self: { DNSName: "box.tail1.ts.net.", TailscaleIPs: ["0.0.0.0", "10.0.0.1", 7] },
  };

  const status = await statusWith(tailscale, ALONE);

  assert.equal(status.via, "loopback");
  assert.match(status.reason, /turn HTTPS on/);
});

test("without a secret auto opens no address", async () => {
  using tailscale = new FakeTailscale();
  tailscale.machine = { CertDomains: [] };

  const status = await statusWith(tailscale, ALONE, { auth: { mode: "none" } });

  assert.equal(status.via, "loopback");
  assert.match(status.reason, /Without a secret no other address is used$/);
});

/** A network of its own with an address of the tailnet; where the system does not let us have one, there is no test. */
const OWN_NETWORK = ["-rn", "sh", "-c", 'ip addr add 100.64.0.1/32 dev lo && ip link set lo up && "$@"', "sh"];
const hasNetwork = spawnSync("unshare", [...OWN_NETWORK, "true"]).status === 0;

/**
 * Starts the gateway, waits until it says that it listens on its tailnet address, then prints both states and what answers there.
 * The guard against other machines is left out for that: this network has none.
 */
const SCENE = `
"$@" gateway --port 0 >/dev/null 2>&1 & gateway=$!
until "$@" gateway status --json 2>/dev/null | grep -q '"tailnet"'; do sleep 0.1; done
"$@" gateway status; "$@" status
url=$("$@" gateway call tailscale.status | grep -o 'http://[^"]*')
token=$(sed -n 's/.*"token": "\\(.*\\)".*/\\1/p' "$MOLTBOT_STATE_DIR/moltbot.json")
NODE_OPTIONS= "$@" health --url "ws\${url#http}" --token "$token"
kill $gateway; wait $gateway`;

for (const bind of ["loopback", "lan"]) {
  test(`without certificates auto is the tailnet address, with bind ${bind}, and both states say why`, {
    skip: !hasNetwork && "this system gives no network of its own",
  }, async () => {
    using tailscale = new FakeTailscale();
    tailscale.machine = { CertDomains: [] };
    using home = new Home();
    await home.run(["config", "set", "gateway.tailscale.mode", "auto"]);
    await home.run(["config", "set", "gateway.bind", bind]);

    const words = [...OWN_NETWORK, "sh", "-c", SCENE, "sh", ...home.command([])];
    const scene = spawn("unshare", words, { env: home.env(tailscale.env), stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = await Promise.all([text(scene.stdout), text(scene.stderr), once(scene, "close")]);

    const line = "auto, tailnet, http://100.64.0.1:PORT: the tailnet gives no certificates; turn HTTPS on";
    const shown = stdout.replace(/100\.64\.0\.1:\d+/g, "100.64.0.1:PORT").replace(/\s+/g, " ");
    assert.equal(shown.split(line).length, 3, stdout + stderr);
    assert.match(shown, /The gateway at ws:\/\/100\.64\.0\.1:PORT is well/, stderr);
  });
}
