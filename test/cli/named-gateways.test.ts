// Gateways with a name: links with a pin and a one-time code, pins that change, plain ws://.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

/** What `gateway link --json` prints on the gateway's machine. */
async function linkOf(far: Home): Promise<{ link: string; pin: string; code: string; addresses: { url: string }[] }> {
  const { stdout, stderr } = await far.run(["gateway", "link", "--json"]);
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

function certificateOf(far: Home): X509Certificate {
  return new X509Certificate(readFileSync(join(far.stateDir, "gateway", "tls", "gateway-cert.pem")));
}

test("a link lets one machine in, which gets a name, the pin and a token of its own", async () => {
  using far = new Home();
  using near = new Home();
  using other = new Home();
  await using gateway = await far.gateway(["--tls"]);
  const { link } = await linkOf(far);

  const connected = await near.run(["connect", link, "--name", "home"]);
  const again = await other.run(["connect", link, "--name", "home"]);
  const used = await near.run(["--gateway", "home", "health"]);
  const listed = await near.run(["gateways", "--json"]);

  assert.equal(connected.code, 0, connected.stderr);
  assert.deepEqual(
    [again.code, again.stderr],
    [4, "This invitation has been used; make a new one on the gateway: moltbot gateway link.\n"],
  );
  assert.equal(used.code, 0, used.stderr);
  const [shown] = JSON.parse(listed.stdout).gateways;
  assert.deepEqual([shown.name, shown.url, shown.tokens], ["home", gateway.url, undefined]);
  const book = join(near.stateDir, "gateways.json");
  assert.equal(statSync(book).mode & 0o777, 0o600);
  assert.ok(!readFileSync(book, "utf8").includes(gateway.token));
});

test("the link is shown with a QR code and the pin in words", async () => {
  using far = new Home();
  await using _gateway = await far.gateway(["--tls"]);

  const { stdout } = await far.run(["gateway", "link"]);

  assert.match(stdout, /█/);
  assert.match(stdout, /^moltbot connect 'wss:\/\/127\.0\.0\.1:\d+\/#pin=spki%3A[0-9a-f]{64}&code=[\w-]{43}'$/m);
  assert.match(stdout, /^Pin {2}([0-9a-f]{4} ){7}[0-9a-f]{4}\n {5}([a-z]{5}-){7}[a-z]{5}$/m);
});

test("a first connection by address shows the pin and needs somebody who agrees", async () => {
  using far = new Home();
  using near = new Home();
  await using gateway = await far.gateway(["--tls"]);
  const { pin } = await linkOf(far);

  const args = ["connect", gateway.url, "--name", "home", "--token", gateway.token];
  const unasked = await near.run(args);
  const wrong = await near.run([...args, "--tls-fingerprint", "0".repeat(64)]);
  const words = /^ {2}(\w{5}-.*)$/m.exec(unasked.stderr)?.[1] ?? "";
  const right = await near.run([...args, "--tls-fingerprint", words]);

  assert.equal(unasked.code, 1);
  assert.match(unasked.stderr, /Nothing was changed\. When the pin is right, pass it with --tls-fingerprint\.\n$/);
  assert.equal(wrong.code, 1);
  assert.equal(right.code, 0, right.stderr);
  assert.equal(JSON.parse((await near.run(["gateways", "--json"])).stdout).gateways[0].pin, pin);
});

test("a changed key is refused with the old and the new pin, until the new one is typed", async () => {
  using far = new Home();
  using near = new Home();
  const first = await far.gateway(["--tls"]);
  const port = first.link.port;
  await near.run(["connect", (await linkOf(far)).link, "--name", "home"]);
  await first.end("SIGTERM");
  for (const each of ["cert", "key"]) rmSync(join(far.stateDir, "gateway", "tls", `gateway-${each}.pem`));
  await using _second = await far.gateway(["--tls", "--port", port]);
  const { pin } = await linkOf(far);

  const { stdout: shownThere } = await far.run(["gateway", "link"]);
  const refused = await near.run(["health", "--gateway", "home"]);
  const byYes = await near.run(["connect", "--repin", "home", "--yes"]);
  const wrong = await near.run(["connect", "--repin", "home", "--tls-fingerprint", "0".repeat(32)]);
  const still = await near.run(["health", "--gateway", "home"]);
  const repinned = await near.run(["connect", "--repin", "home", "--tls-fingerprint", pin]);
  const back = await near.run(["health", "--gateway", "home"]);

  assert.equal(refused.code, 3);
  assert.match(
    refused.stderr,
    /^The gateway at home \(wss:.*\) shows another certificate than the pinned one; nothing was sent to it\.\n {2}pinned {2}(\w{5}-){7}\w{5} \(.*\), first seen \d{4}-\d\d-\d\d \d\d:\d\d UTC\n {2}shown {3}(\w{5}-){7}\w{5} \(.*\), first seen .* UTC\n.*`moltbot connect --repin home`\.\n$/,
  );
  const pinned = /pinned {2}(.*), first seen/.exec(refused.stderr)?.[1] ?? "none";
  assert.ok(shownThere.includes(`Its pin was ${pinned} before`), shownThere);
  assert.deepEqual([byYes.code, wrong.code, still.code], [2, 1, 3]);
  assert.deepEqual([repinned.code, back.code], [0, 0], repinned.stderr + back.stderr);
});

test("a certificate that is made anew for the old key keeps the pin", async () => {
  using far = new Home();
  using near = new Home();
  const first = await far.gateway(["--tls"]);
  const port = first.link.port;
  await near.run(["connect", (await linkOf(far)).link, "--name", "home"]);
  const before = certificateOf(far).fingerprint256;
  await first.end("SIGTERM");
  rmSync(join(far.stateDir, "gateway", "tls", "gateway-cert.pem"));
  await using _second = await far.gateway(["--tls", "--port", port]);

  const { code, stderr } = await near.run(["health", "--gateway", "home"]);

  assert.deepEqual([code, stderr], [0, ""]);
  assert.notEqual(certificateOf(far).fingerprint256, before);
});

test("a plain ws:// address beyond this machine and its tailnet is refused by default", async () => {
  using near = new Home();
  const limit = ["--timeout", "300"];

  const refused = await near.run(["health", "--url", "ws://gateway.invalid:18789", "--token", "t"]);
  const connect = await near.run(["connect", "ws://192.0.2.1:18789", "--token", "t"]);
  const told = await near.run(["health", "--url", "ws://gateway.invalid:1", "--insecure", "--token", "t", ...limit]);

  assert.deepEqual([refused.code, connect.code], [2, 2]);
  assert.match(refused.stderr, /is not encrypted, and the secret would cross the network in clear\. Use wss:\/\//);
  assert.ok([3, 5].includes(told.code ?? 0), told.stderr);
});

test("a name that nobody has given names the nearest one; a forgotten one is gone", async () => {
  using far = new Home();
  using near = new Home();
  await using _gateway = await far.gateway();
  await near.run(["connect", (await linkOf(far)).link, "--name", "home"]);

  const mistyped = await near.run(["health", "--gateway", "hone"]);
  const forgotten = await near.run(["connect", "--forget", "home"]);
  const gone = await near.run(["health", "--gateway", "home"]);

  assert.match(mistyped.stderr, /^No gateway is called "hone" here\. Did you mean home\?/);
  assert.deepEqual([mistyped.code, forgotten.code, gone.code], [2, 0, 2]);
});
