// Browser origins and host names on the wire (security: browser-facing surface): which pages may connect at all.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({
  config: `{ gateway: { allowedHosts: ["gw.example.com"], controlUi: { allowedOrigins: ["https://ui.example.com"] } } }`,
});
after(() => gateway[Symbol.asyncDispose]());

const own = `http://127.0.0.1:${gateway.port}`;
const ui = { id: "moltbot-control-ui", mode: "ui" };

for (const origin of [own, `http://localhost:${gateway.port}`, "https://ui.example.com"]) {
  test(`a page from ${origin.replace(String(gateway.port), "our port")} may connect and its device is paired`, async () => {
    const { hello } = await gateway.connect({ device: newDeviceKey(), client: ui }, { headers: { Origin: origin } });

    assert.match(hello.auth.deviceToken, /^\S{43}$/);
  });
}

test("a page from another local port is let in with the right token, and its device is paired", async () => {
  const headers = { Origin: "http://127.0.0.1:5173" };

  const { hello } = await gateway.connect({ device: newDeviceKey(), client: ui }, { headers });

  assert.match(hello.auth.deviceToken, /^\S{43}$/);
});

test("a page from another local port is refused with a wrong token", async () => {
  const headers = { Origin: "http://127.0.0.1:5173" };

  const { error } = await gateway.refused({ device: newDeviceKey(), client: ui, token: "wrong-token" }, { headers });

  assert.match(error?.message ?? "", /^unauthorized: gateway token mismatch/);
});

test("a page from another local port comes back with its device token", async () => {
  const headers = { Origin: "http://localhost:5173" };
  const device = newDeviceKey();
  const { hello } = await gateway.connect({ device, client: ui }, { headers });

  const again = await gateway.connect({ device, client: ui, token: hello.auth.deviceToken }, { headers });

  assert.equal(again.hello.type, "hello-ok");
});

test("without gateway auth a page from another local port is refused, our own is not", async () => {
  await using open = await testGateway({ token: null, overrides: { auth: "none" } });
  const handshake = { device: newDeviceKey(), client: ui };

  const { error } = await open.refused(handshake, { headers: { Origin: "http://127.0.0.1:5173" } });
  const ownPage = await open.connect(handshake, { headers: { Origin: `http://127.0.0.1:${open.port}` } });

  assert.equal(error?.details?.code, "CONTROL_UI_ORIGIN_NOT_ALLOWED");
  assert.equal(ownPage.hello.type, "hello-ok");
});

const STRANGE = [
  "null",
  "file://",
  "https://evil.example.com",
  "http://ui.example.com",
  "https://ui.example.com.evil.com",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  "http://127.0.0.1.evil.com",
  "not an origin",
];
for (const Origin of STRANGE) {
  test(`a page from ${Origin} is refused, token or not, whatever client it says it is`, async () => {
    const asUi = await gateway.refused({ device: newDeviceKey(), client: ui }, { headers: { Origin } });
    const asCli = await gateway.refused({ device: newDeviceKey() }, { headers: { Origin } });

    const reason = asUi.error?.details?.reason;
    const message = `origin not allowed (${reason})`;
    assert.deepEqual(asUi, {
      error: {
        code: "INVALID_REQUEST",
        message,
        details: { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason },
      },
      closed: { code: 1008, reason: message },
    });
    assert.deepEqual(asCli, asUi);
  });
}

for (const host of ["evil.example.com", "127.0.0.1.nip.io", "gw.example.com.evil.com", "127.0.0.1@evil.com"]) {
  test(`a page that has rebound ${host} to us is not upgraded`, async () => {
    const headers = { Host: `${host}:${gateway.port}`, Origin: `http://${host}:${gateway.port}` };

    await assert.rejects(gateway.connectRaw({ headers }), /Unexpected server response: 421/);
  });

  test(`plain HTTP under ${host} is misdirected`, async () => {
    const { status, body } = await ask({ Host: `${host}:${gateway.port}` });

    assert.equal(status, 421);
    assert.match(body, /not one of the gateway's/);
  });
}

test("a configured host name is ours, on HTTP and for pages", async () => {
  const Host = `gw.example.com:${gateway.port}`;

  const { status } = await ask({ Host });
  const { error } = await gateway.refused(
    { device: newDeviceKey(), client: ui },
    { headers: { Host, Origin: `http://${Host}` } },
  );

  assert.notEqual(status, 421);
  // The page is ours; its device is not local and waits for approval.
  assert.equal(error?.message, "pairing required");
});

test("a program under a foreign Host is not local, but may pair", async () => {
  const { error } = await gateway.refused({ device: newDeviceKey() }, { headers: { Host: "evil.example.com" } });

  assert.equal(error?.message, "pairing required");
});

test("credentials in the address, a cookie or a sub-protocol are no credentials", async () => {
  const token = gateway.token!;

  const { error } = await gateway.refused(
    { token: null, device: newDeviceKey() },
    {
      path: `/?token=${token}`,
      headers: { Cookie: `token=${token}`, Authorization: `Bearer ${token}` },
      protocols: [token],
    },
  );

  assert.match(error?.message ?? "", /^unauthorized: gateway token missing/);
});

/** A GET with headers that `fetch` would not send. */
async function ask(headers: Record<string, string>) {
  const sent = httpRequest({ port: gateway.port, host: "127.0.0.1", path: "/healthz", headers, agent: false }).end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode as number, body: await text(response) };
}
