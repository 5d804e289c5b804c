// TLS (protocol sections 1 and 10): the same port speaks wss and https, with a certificate that clients pin.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { testGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const gateway = await testGateway({ overrides: { tls: true } });
after(() => gateway[Symbol.asyncDispose]());

const certPath = join(gateway.stateDir, "gateway", "tls", "gateway-cert.pem");
const keyPath = join(gateway.stateDir, "gateway", "tls", "gateway-key.pem");
const trusting = { ws: { rejectUnauthorized: false } };

/** Opens a TLS connection and waits until hands are shaken. */
async function handshakeOf(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await within(once(socket, "secureConnect"), "the TLS handshake");
  return socket;
}

test("a certificate of its own is made, its key for the owner only", () => {
  const certificate = new X509Certificate(readFileSync(certPath));

  assert.match(certificate.subject, /CN=moltbot-gateway/);
  assert.equal(certificate.publicKey.asymmetricKeyType, "rsa");
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.ok(Date.parse(certificate.validTo) - Date.now() > 3_600 * 86_400_000);
  assert.equal(statSync(keyPath).mode & 0o777, 0o600);
});

test("the fingerprint that is told is that of the certificate that is shown", async () => {
  const socket = await handshakeOf({});

  const shown = socket.getPeerCertificate().fingerprint256;

  socket.destroy();
  assert.equal(gateway.running.tlsFingerprint, shown);
});

test("clients connect by wss", async () => {
  const { hello } = await gateway.connect({}, trusting);

  assert.match(gateway.url, /^wss:\/\//);
  assert.equal(hello.type, "hello-ok");
});

test("a client that trusts only known authorities turns away", async () => {
  await assert.rejects(gateway.connectRaw(), /self-signed certificate/);
});

test("the link for people is https, and the page is there", async () => {
  const [response] = await once(
    get(`${gateway.httpUrl}/healthz`, { rejectUnauthorized: false, agent: false }),
    "response",
  );

  assert.match(gateway.running.dashboardUrl, /^https:\/\/127\.0\.0\.1:\d+\/#token=/);
  assert.equal(await text(response), "ok");
});

test("TLS 1.2 is spoken, and nothing older", async () => {
  const socket = await handshakeOf({ maxVersion: "TLSv1.2" });
  const protocol = socket.getProtocol();
  socket.destroy();

  assert.equal(protocol, "TLSv1.2");
  await assert.rejects(
    handshakeOf({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    /protocol version|unsupported protocol|no protocols available/i,
  );
});

test("plain text on the TLS port is not answered", async () => {
  const raw = await RawSocket.open(gateway.port);

  raw.write("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

  await within(raw.ended, "the end");
});

test("our own page is the https one", async () => {
  const origin = (Origin: string) => ({ ...trusting, headers: { Origin } });

  const own = await gateway.connect({}, origin(`https://127.0.0.1:${gateway.port}`));
  const { error } = await gateway.refused({}, origin("https://evil.example.com"));

  assert.equal(own.hello.type, "hello-ok");
  assert.equal(error?.details?.code, "CONTROL_UI_ORIGIN_NOT_ALLOWED");
});

test("a restart keeps the certificate, so pins stay good", async () => {
  const before = gateway.running.tlsFingerprint;

  await gateway.stop();
  await gateway.start();

  assert.equal(gateway.running.tlsFingerprint, before);
});

test("a configured certificate is used", async () => {
  await using other = await testGateway({
    config: `{ gateway: { tls: { enabled: true, certPath: ${JSON.stringify(certPath)}, keyPath: ${JSON.stringify(keyPath)} } } }`,
  });

  assert.equal(other.running.tlsFingerprint, gateway.running.tlsFingerprint);
});

test("a configured certificate that is missing refuses the start: never plain text instead", async () => {
  const config = '{ gateway: { tls: { enabled: true, certPath: "/nowhere/cert.pem", keyPath: "/nowhere/key.pem" } } }';

  await assert.rejects(testGateway({ config }), {
    name: "StartError",
    message:
      "The TLS file /nowhere/cert.pem does not exist; correct gateway.tls, or leave both paths out to have a certificate made.",
  });
});

const broken = join(gateway.stateDir, "broken.pem");
writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

const BROKEN: readonly [what: string, cert: string, key: string, sentence: RegExp][] = [
  ["a certificate", broken, keyPath, /broken\.pem is not a PEM certificate; correct gateway\.tls\.certPath\.$/],
  ["a key", certPath, broken, /broken\.pem is not the private key of .*; correct gateway\.tls\.keyPath\.$/],
];
for (const [what, cert, key, sentence] of BROKEN) {
  test(`${what} that is none refuses the start with a sentence`, async () => {
    const config = JSON.stringify({ gateway: { tls: { enabled: true, certPath: cert, keyPath: key } } });

    await assert.rejects(testGateway({ config }), { name: "StartError", message: sentence });
  });
}

test("without TLS there is no fingerprint", async () => {
  await using plain = await testGateway();

  assert.equal(plain.running.tlsFingerprint, undefined);
});
