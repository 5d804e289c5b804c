import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { VerifySettings } from "../settings.ts";
import { judgeSignature, type Proof, type Sent } from "./signature.ts";

const AT = 1_737_264_000_000;
const SECONDS = AT / 1_000;
const BODY = Buffer.from('{"id":"evt_1","ü":1}');

const hmac = (text: string | Buffer, encoding: "hex" | "base64" | "base64url" = "hex", algorithm = "sha256") =>
  createHmac(algorithm, "s3cret").update(text).digest(encoding);
const stamped = (time: number) => Buffer.concat([Buffer.from(`${time}.`), BODY]);
const judge = (verify: VerifySettings, headers: Sent["headers"], body = BODY): Proof =>
  judgeSignature({ secret: "s3cret", ...verify }, { headers, body, at: AT });

const STRIPE: VerifySettings = { scheme: "stripe" };
const GITHUB: VerifySettings = { scheme: "github" };
const HMAC: VerifySettings = { scheme: "hmac", header: "X-Signature" };
const STAMPED: VerifySettings = { ...HMAC, timestampHeader: "X-Time" };
const stripe = (time: number, ...more: string[]) => ({ "stripe-signature": [`t=${time}`, ...more].join(",") });
const right = `v1=${hmac(stamped(SECONDS))}`;

test("GitHub's own example is right", () => {
  // docs.github.com: validating webhook deliveries, testing the webhook payload validation.
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const verify: VerifySettings = { scheme: "github", secret: "It's a Secret to Everybody" };

  const proof = judge(verify, { "x-hub-signature-256": signature }, Buffer.from("Hello, World!"));

  assert.equal(proof.kind, "proved");
});

describe("proved are", () => {
  const proofs: readonly [what: string, verify: VerifySettings, headers: Sent["headers"]][] = [
    ["Stripe's signature", STRIPE, stripe(SECONDS, right)],
    ["one of several of Stripe's", STRIPE, stripe(SECONDS, `v1=${"0".repeat(64)}`, right, "v0=abc")],
    ["Stripe's, five minutes old", STRIPE, stripe(SECONDS - 300, `v1=${hmac(stamped(SECONDS - 300))}`)],
    ["GitHub's", GITHUB, { "x-hub-signature-256": `sha256=${hmac(BODY)}` }],
    ["an HMAC in hex", HMAC, { "x-signature": hmac(BODY) }],
    ["in capitals", HMAC, { "x-signature": hmac(BODY).toUpperCase() }],
    ["in base64", { ...HMAC, encoding: "base64" }, { "x-signature": hmac(BODY, "base64") }],
    ["in base64url", { ...HMAC, encoding: "base64url" }, { "x-signature": hmac(BODY, "base64url") }],
    ["of another algorithm", { ...HMAC, algorithm: "sha512" }, { "x-signature": hmac(BODY, "hex", "sha512") }],
    ["behind a prefix", { ...HMAC, prefix: "v0=" }, { "x-signature": `v0=${hmac(BODY)}` }],
    ["with a time", STAMPED, { "x-signature": hmac(stamped(SECONDS)), "x-time": String(SECONDS) }],
    ["with a time in ms", STAMPED, { "x-signature": hmac(stamped(AT)), "x-time": String(AT) }],
    [
      "in the form of Slack",
      { ...STAMPED, signed: "v0:{timestamp}:{body}" },
      { "x-signature": hmac(`v0:${SECONDS}:${BODY}`), "x-time": String(SECONDS) },
    ],
  ];
  for (const [what, verify, headers] of proofs) test(what, () => assert.equal(judge(verify, headers).kind, "proved"));
});

describe("refused are", () => {
  const WRONG = "the signature is not right";
  const refusals: readonly [what: string, verify: VerifySettings, headers: Sent["headers"], why: string | RegExp][] = [
    ["no signature", GITHUB, {}, "the header x-hub-signature-256 is missing"],
    ["another prefix", GITHUB, { "x-hub-signature-256": `sha1=${hmac(BODY)}` }, /does not begin with sha256=/],
    ["half a signature", GITHUB, { "x-hub-signature-256": `sha256=${hmac(BODY).slice(0, 32)}` }, WRONG],
    ["an odd number of digits", GITHUB, { "x-hub-signature-256": `sha256=${hmac(BODY).slice(1)}` }, WRONG],
    ["a longer one", GITHUB, { "x-hub-signature-256": `sha256=${hmac(BODY)}00` }, WRONG],
    ["the same twice, as a doubled header", GITHUB, { "x-hub-signature-256": `sha256=${hmac(BODY)}, sha256=x` }, WRONG],
    ["letters that are no digits", GITHUB, { "x-hub-signature-256": `sha256=${"ü".repeat(64)}` }, WRONG],
    ["nothing behind the prefix", GITHUB, { "x-hub-signature-256": "sha256=" }, WRONG],
    ["another algorithm", HMAC, { "x-signature": hmac(BODY, "hex", "sha1") }, WRONG],
    ["another encoding", HMAC, { "x-signature": hmac(BODY, "base64") }, WRONG],
    ["another body's", HMAC, { "x-signature": hmac("{}") }, WRONG],
    ["Stripe's without a time", STRIPE, { "stripe-signature": right }, /the time of sending is missing/],
    ["Stripe's of another version", STRIPE, stripe(SECONDS, right.replace("v1", "v0")), WRONG],
    ["an old one", STRIPE, stripe(SECONDS - 301, `v1=${hmac(stamped(SECONDS - 301))}`), /301 s away/],
    ["one of the future", STRIPE, stripe(SECONDS + 301, `v1=${hmac(stamped(SECONDS + 301))}`), /301 s away/],
    ["an old one under a new time", STRIPE, stripe(SECONDS, `v1=${hmac(stamped(SECONDS - 301))}`), WRONG],
    ["a time that is no number", STRIPE, stripe(Number.NaN, right), /no number/],
    ["a time that is not there", STAMPED, { "x-signature": hmac(stamped(SECONDS)) }, "the header X-Time is missing"],
    ["a time that is not signed", STAMPED, { "x-signature": hmac(BODY), "x-time": String(SECONDS) }, WRONG],
  ];
  for (const [what, verify, headers, why] of refusals)
    test(what, () => {
      const proof = judge(verify, headers);

      assert.equal(proof.kind, "refused");
      if (typeof why === "string") assert.equal(proof.kind === "refused" && proof.why, why);
      else assert.match(proof.kind === "refused" ? proof.why : "", why);
    });
});

test("a request that is sent again has the mark of the first; another body has another", () => {
  const mark = (body: string) => {
    const proof = judge(GITHUB, { "x-hub-signature-256": `sha256=${hmac(body)}` }, Buffer.from(body));
    return proof.kind === "proved" ? proof.mark : undefined;
  };

  assert.equal(mark("{}"), mark("{}"));
  assert.notEqual(mark("{}"), mark("[]"));
});

test("a request that is sent again has the mark of the first, however its signature is written", () => {
  const markOf = (verify: VerifySettings, headers: Sent["headers"]) => {
    const proof = judge(verify, headers);
    return proof.kind === "proved" ? proof.mark : assert.fail(proof.why);
  };
  const time = `t=${SECONDS}`;
  const base64 = { ...HMAC, encoding: "base64" } as const;

  const pairs = [
    [GITHUB, hmac(BODY), hmac(BODY).toUpperCase()].map((each) =>
      typeof each === "string" ? { "x-hub-signature-256": `sha256=${each}` } : each,
    ),
    [base64, { "x-signature": hmac(BODY, "base64") }, { "x-signature": hmac(BODY, "base64").replace(/=+$/, "") }],
    [STRIPE, { "stripe-signature": `${time},${right}` }, { "stripe-signature": `v1=00,${right},${time},v1=11` }],
  ] as [VerifySettings, Sent["headers"], Sent["headers"]][];

  for (const [verify, first, again] of pairs) assert.equal(markOf(verify, again), markOf(verify, first));
});

test("whatever stands in the headers, nothing is thrown and nothing is proved", () => {
  const anything = fc.string({ unit: fc.constantFrom(..."tv1=,.0aF= \u0000üé💡", "sha256=") });
  fc.assert(
    fc.property(anything, anything, fc.constantFrom(STRIPE, GITHUB, HMAC, STAMPED), (one, two, verify) => {
      const names = ["stripe-signature", "x-hub-signature-256", "x-signature"];
      const headers = { ...Object.fromEntries(names.map((name) => [name, one])), "x-time": two };
      assert.equal(judge(verify, headers).kind, "refused");
    }),
  );
});
