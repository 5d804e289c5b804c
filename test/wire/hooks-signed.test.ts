// Hooks whose senders sign: GitHub, Stripe, an HMAC of anybody, and Google's Pub/Sub.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { fakeOpenAI } from "../fakes/openai.ts";
import { askedBy, callHook, hooksGateway, withToken } from "./hooks-stage.ts";

/** Google's page of public keys; `answer` is what it says. */
const google = await generateKeyPair("RS256");
const stranger = await generateKeyPair("RS256");
let keysAsked = 0;
let keysStatus = 200;
const keys = createServer(async (_request, response) => {
  keysAsked++;
  const key = { ...(await exportJWK(google.publicKey)), kid: "g1", alg: "RS256", use: "sig" };
  response.writeHead(keysStatus, { "content-type": "application/json" }).end(JSON.stringify({ keys: [key] }));
});
await new Promise<void>((resolve) => keys.listen(0, "127.0.0.1", resolve));
after(() => keys.close());
const keysUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/certs`;

const AUDIENCE = "https://bot.example.com/hooks/pubsub";
const EMAIL = "push@project.iam.gserviceaccount.com";
const pushed = { audience: AUDIENCE, email: EMAIL };

const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const gateway = await hooksGateway(model, {
  mappings: [
    {
      match: { path: "github" },
      verify: { scheme: "github", secret: "It's a Secret" },
      messageTemplate: "{{headers.x-github-event}} in {{repository.full_name}}",
    },
    { match: { path: "stripe" }, verify: { scheme: "stripe", secret: "whsec_abc123def" }, messageTemplate: "{{type}}" },
    {
      match: { path: "shop" },
      verify: { scheme: "hmac", secret: "shop-secret-1", header: "x-shop-hmac", encoding: "base64" },
      eventId: "headers.x-shop-id",
      messageTemplate: "order {{id}}",
    },
    {
      match: { path: "pubsub" },
      verify: { scheme: "google", ...pushed, keysUrl },
      messageTemplate: "mail for {{decoded.emailAddress}} at {{decoded.historyId}}",
    },
    {
      match: { path: "later" },
      verify: { scheme: "google", ...pushed, keysUrl: keysUrl.replace("/certs", "/other") },
      messageTemplate: "x",
    },
    { match: { path: "open" }, verify: { scheme: "google", keysUrl }, messageTemplate: "x" },
  ],
});
after(() => gateway[Symbol.asyncDispose]());
const client = await gateway.connect({ scopes: ["operator.admin"] });

const call = (path: string, options: Parameters<typeof callHook>[2]) => callHook(gateway.httpUrl, path, options);
const newest = async () => (await client.call("hooks.deliveries", { limit: 1 })).deliveries[0];

function github(body: string, id: string) {
  const signature = createHmac("sha256", "It's a Secret").update(body).digest("hex");
  const headers = { "x-hub-signature-256": `sha256=${signature}`, "x-github-delivery": id, "x-github-event": "push" };
  return { body, headers };
}

describe("GitHub", () => {
  test("is let in by its signature, and its event runs once", async () => {
    const sent = github('{"repository":{"full_name":"ada/engine"}}', "d-1");
    const first = await call("/hooks/github", sent);
    const again = await call("/hooks/github", sent);

    assert.deepEqual([first.status, again.status, again.body], [202, 202, first.body]);
    const { told, delivery } = await askedBy(first.body.runId, { client, model });
    assert.match(told, /\| push in ada\/engine/);
    assert.deepEqual([delivery.eventId, delivery.repeats], ["d-1", 1]);
  });

  test("a recorded request does nothing more under another delivery id", async () => {
    const first = await call("/hooks/github", github('{"n":1}', "d-2"));
    const replayed = await call("/hooks/github", github('{"n":1}', "d-3"));

    assert.deepEqual(replayed.body, first.body);
  });

  test("may send a form", async () => {
    const body = `payload=${encodeURIComponent('{"repository":{"full_name":"ada/form"}}')}`;
    const sent = github(body, "d-4");
    const headers = { ...sent.headers, "content-type": "application/x-www-form-urlencoded" };
    const answer = await call("/hooks/github", { body, headers });

    assert.match((await askedBy(answer.body.runId, { client, model })).told, /\| push in ada\/form/);
  });

  test("a wrong signature is told nothing; the list says why", async () => {
    const { headers } = github("{}", "d-5");
    const { status, body } = await call("/hooks/github", { body: "{ }", headers });

    assert.deepEqual([status, body], [401, { ok: false, error: "Unauthorized" }]);
    const row = await newest();
    assert.deepEqual([row.hook, row.outcome, row.reason], ["github", "refused", "the signature is not right"]);
  });

  test("the token does not stand in for a signature", async () => {
    const { status } = await call("/hooks/github", { body: {}, headers: withToken() });

    assert.equal(status, 404);
  });
});

test("Stripe: an event runs once, though it is signed anew at each try", async () => {
  const body = JSON.stringify({ id: "evt_1", type: "charge.failed" });
  const signed = (seconds: number) => {
    const signature = createHmac("sha256", "whsec_abc123def").update(`${seconds}.${body}`).digest("hex");
    return { body, headers: { "stripe-signature": `t=${seconds},v1=${signature}` } };
  };
  const now = Math.floor(Date.now() / 1_000);

  const first = await call("/hooks/stripe", signed(now - 60));
  const again = await call("/hooks/stripe", signed(now));
  const old = await call("/hooks/stripe", signed(now - 3_600));

  assert.deepEqual([first.status, again.body, old.status], [202, first.body, 401]);
});

test("an HMAC of anybody, with the sender's own id", async () => {
  const send = (body: string, id: string) => {
    const signature = createHmac("sha256", "shop-secret-1").update(body).digest("base64");
    return call("/hooks/shop", { body, headers: { "x-shop-hmac": signature, "x-shop-id": id } });
  };

  const [first, sameId, other] = [
    await send('{"id":1}', "a"),
    await send('{"id":2}', "a"),
    await send('{"id":3}', "b"),
  ];

  assert.equal(first?.status, 202);
  assert.deepEqual(sameId?.body, first?.body);
  assert.notEqual(other?.body.runId, first?.body.runId);
});

describe("Google", () => {
  const token = (claims: object = {}, { key = google.privateKey, exp = "1h" } = {}) =>
    new SignJWT({ email: EMAIL, email_verified: true, aud: AUDIENCE, iss: "https://accounts.google.com", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "g1" })
      .setIssuedAt()
      .setExpirationTime(exp)
      .sign(key);
  const data = Buffer.from(JSON.stringify({ emailAddress: "ada@example.com", historyId: 7 })).toString("base64");
  const push = async (jwt: string, messageId = "1", path = "/hooks/pubsub") =>
    await call(path, {
      body: { message: { data, messageId }, subscription: "projects/p/subscriptions/s" },
      headers: { authorization: `Bearer ${jwt}` },
    });

  test("is let in by its token; what was published is read, once; its keys are asked for once", async () => {
    const first = await push(await token());
    const again = await push(await token());

    assert.deepEqual([first.status, again.body, keysAsked], [202, first.body, 1]);
    assert.match((await askedBy(first.body.runId, { client, model })).told, /\| mail for ada@example\.com at 7/);
  });

  const wrong: readonly [what: string, jwt: () => Promise<string>, why: RegExp][] = [
    ["for another audience", () => token({ aud: "https://else.example.com" }), /another audience/],
    ["of another issuer", () => token({ iss: "https://evil.example.com" }), /not Google's/],
    ["of another account", () => token({ email: "eve@evil.example.com" }), /another account's/],
    ["of an account that is not proved", () => token({ email_verified: false }), /another account's/],
    ["that has expired", () => token({}, { exp: "-2m" }), /has expired/],
    ["that somebody else has signed", () => token({}, { key: stranger.privateKey }), /signature is not right/],
    [
      "that nobody has signed",
      async () => `${(await token()).split(".").slice(0, 2).join(".")}.`,
      /signature is not right|token is not right/,
    ],
    [
      "of algorithm none",
      async () => `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await token()).split(".")[1]}.`,
      /the token is not right/,
    ],
    ["that is no token", async () => "ü.é.x", /token/],
  ];
  for (const [what, jwt, why] of wrong)
    test(`refuses a token ${what}`, async () => {
      const { status, body } = await push(encodeURI(await jwt()), crypto.randomUUID());

      assert.deepEqual([status, body], [401, { ok: false, error: "Unauthorized" }]);
      assert.match((await newest()).reason, why);
    });

  test("asks for another try while its keys cannot be had", async () => {
    keysStatus = 500;
    const { status, headers } = await push(await token(), "2", "/hooks/later");

    assert.deepEqual([status, headers.get("retry-after")], [503, "30"]);
  });

  test("is not set up without an audience and an account", async () => {
    const { hooks } = await client.call("hooks.list", {});

    assert.match(hooks.find(({ id }: { id: string }) => id === "open").problem, /^verify\.audience and verify\.email/);
    assert.equal((await push(await token(), "3", "/hooks/open")).status, 401);
  });
});
