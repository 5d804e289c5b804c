import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { type PresentedDevice, type ProofContext, payload, type SignedFacts, verifyDevice } from "./device-proof.ts";

// The vectors of the protocol (section 2.10): Ed25519 is deterministic, so every implementation agrees on them.
const ID = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
const PUBLIC_KEY = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
const SIGNED_AT = 1_737_264_000_000;
const NONCE = "00000000-0000-4000-8000-000000000001";

const cli: SignedFacts = {
  clientId: "cli",
  clientMode: "cli",
  role: "operator",
  scopes: ["operator.read", "operator.write"],
  token: "secret-token",
  platform: "Linux",
  deviceFamily: " Linux ",
};
const node: SignedFacts = { ...cli, clientId: "node-host", clientMode: "node", role: "node", scopes: [], token: "" };

const SIGNATURES = {
  v1: "_cv3IaYFdvf-gOb984RHNrXo4eRVWNOylUtzuHESk87AfidLg7iCzoVt519gaNBduvuvZqj3woO6kqqlO4PuAg",
  v2: "f1c-udI-9hAuBARLU6i5HSQCSQ2VAn9clbHJQ6UiVFQrjQSD4Bp7muqxN2csbraZTXc2A-5IzN0QzO2k__b7Cw",
  v3: "kAHmDr-zSc0U1pfJiC7VLV0IY_gLc-BhBsSAp1_uLBFK4T98Yzc7yzs1Yi55CEm8zIJAa5-ymgoDgpwnXxoMDw",
  node: "fu-_HmmNbhWjMCKJRz6TdN-_DSh9e9_6QjAjSsSlzgX25DyRvVFUaJdYZ7xTotRmau05gRtv3R-qpyXRObAlCg",
};

const device: PresentedDevice = {
  id: ID,
  publicKey: PUBLIC_KEY,
  signature: SIGNATURES.v2,
  signedAt: SIGNED_AT,
  nonce: NONCE,
};
const context: ProofContext = { now: SIGNED_AT, nonce: NONCE, maxSkewMs: 600_000, allowNoNonce: false, prefer: "v2" };

/** The text of the refusal, or "accepted". */
function verdict(change: Partial<PresentedDevice>, facts = cli, changed: Partial<ProofContext> = {}): string {
  try {
    const { publicKey } = verifyDevice({ ...device, ...change }, facts, { ...context, ...changed });
    assert.equal(publicKey, PUBLIC_KEY);
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("the text that is signed", () => {
  const signed = { id: ID, signedAt: SIGNED_AT };

  test("version 1 ends with the token", () => {
    assert.equal(
      payload("v1", signed, cli, ""),
      `v1|${ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token`,
    );
  });

  test("version 2 adds the nonce", () => {
    assert.equal(
      payload("v2", signed, cli, NONCE),
      `v2|${ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token|${NONCE}`,
    );
  });

  test("version 3 adds platform and device family, trimmed and in lower case", () => {
    assert.equal(
      payload("v3", signed, cli, NONCE),
      `v3|${ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token|${NONCE}|linux|linux`,
    );
  });

  test("absent scopes and token are empty fields", () => {
    assert.equal(payload("v2", signed, node, NONCE), `v2|${ID}|node-host|node|node||1737264000000||${NONCE}`);
  });

  test("lower case is that of ASCII, not of a language", () => {
    assert.match(payload("v3", signed, { ...cli, platform: "İOS", deviceFamily: "" }, NONCE), /\|İos\|$/);
  });
});

describe("signatures", () => {
  const noNonce = { nonce: undefined };

  test("version 2 is accepted", () => assert.equal(verdict({}), "accepted"));
  test("version 3 is accepted", () => assert.equal(verdict({ signature: SIGNATURES.v3 }), "accepted"));
  test("version 3 is accepted where it is the usual one, and so is version 2", () => {
    assert.equal(verdict({ signature: SIGNATURES.v3 }, cli, { prefer: "v3" }), "accepted");
    assert.equal(verdict({}, cli, { prefer: "v3" }), "accepted");
  });
  test("a node's is accepted", () => assert.equal(verdict({ signature: SIGNATURES.node }, node), "accepted"));
  test("version 1 is accepted without a nonce where that is allowed", () =>
    assert.equal(verdict({ ...noNonce, signature: SIGNATURES.v1 }, cli, { allowNoNonce: true }), "accepted"));
  test("version 1 is refused with a nonce", () =>
    assert.equal(verdict({ signature: SIGNATURES.v1 }), "device signature invalid"));
  test("version 2 with the nonce left out is refused even where that is allowed", () =>
    assert.equal(verdict(noNonce, cli, { allowNoNonce: true }), "device signature invalid"));

  const CHANGED: readonly [what: string, facts: SignedFacts][] = [
    ["client id", { ...cli, clientId: "test" }],
    ["client mode", { ...cli, clientMode: "ui" }],
    ["role", { ...cli, role: "node" }],
    ["scopes", { ...cli, scopes: ["operator.admin"] }],
    ["order of scopes", { ...cli, scopes: ["operator.write", "operator.read"] }],
    ["token", { ...cli, token: "secret-tokem" }],
  ];
  for (const [what, facts] of CHANGED)
    test(`covers the ${what}`, () => assert.equal(verdict({}, facts), "device signature invalid"));

  test("covers the time", () => assert.equal(verdict({ signedAt: SIGNED_AT + 1 }), "device signature invalid"));
  test("of version 3 covers platform and device family", () => {
    const signature = SIGNATURES.v3;
    assert.equal(verdict({ signature }, { ...cli, platform: "darwin" }), "device signature invalid");
    assert.equal(verdict({ signature }, { ...cli, deviceFamily: "Mac" }), "device signature invalid");
  });

  const MALFORMED = [
    "",
    "AAAA",
    SIGNATURES.v2.slice(0, -2),
    `${SIGNATURES.v2}AA`,
    "not base64 at all!",
    " ",
    "A".repeat(86),
  ];
  for (const signature of MALFORMED)
    test(`${JSON.stringify(signature)} is none`, () =>
      assert.equal(verdict({ signature }), "device signature invalid"));

  test("may be in standard base64 with padding", () => {
    const signature = `${SIGNATURES.v2.replace(/-/g, "+").replace(/_/g, "/")}==`;
    assert.equal(verdict({ signature }), "accepted");
  });
});

describe("the public key", () => {
  const raw = Buffer.from(PUBLIC_KEY, "base64url");
  const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]).toString("base64");

  test("may be in standard base64 with padding", () =>
    assert.equal(verdict({ publicKey: raw.toString("base64") }), "accepted"));
  test("may be PEM", () =>
    assert.equal(
      verdict({ publicKey: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n` }),
      "accepted",
    ));

  const MISMATCHED: readonly [what: string, change: Partial<PresentedDevice>][] = [
    ["another id", { id: "0".repeat(64) }],
    ["an id in upper case", { id: ID.toUpperCase() }],
    ["another key", { publicKey: Buffer.alloc(32, 7).toString("base64url") }],
    ["a short key", { publicKey: "AAAA" }],
    ["a key of 33 bytes", { publicKey: Buffer.alloc(33, 1).toString("base64url") }],
    ["no base64", { publicKey: "***" }],
    ["PEM of something else", { publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" }],
  ];
  for (const [what, change] of MISMATCHED)
    test(`${what} is an identity mismatch`, () => assert.equal(verdict(change), "device identity mismatch"));

  const p = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
  const WEAK = [
    ["zero", "00".repeat(32)],
    ["the neutral element", `01${"00".repeat(31)}`],
    ["the neutral element with a sign", `01${"00".repeat(30)}80`],
    ["a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["its negative", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["the other point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["the point of order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["p, a second spelling of 0", p],
    ["p + 1, a second spelling of 1", p.replace("ed", "ee")],
    ["p with a sign", p.replace(/7f$/, "ff")],
    ["2^255 - 1", `${"ff".repeat(31)}7f`],
  ] as const;
  for (const [what, hex] of WEAK) {
    test(`${what} is invalid`, () => {
      const key = Buffer.from(hex, "hex");
      const id = createHash("sha256").update(key).digest("hex");
      // R = the neutral element and S = 0: a signature that verifies under keys of small order without a private key.
      const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");
      assert.equal(verdict({ id, publicKey: key.toString("base64url"), signature }), "device public key invalid");
    });
  }
});

describe("freshness", () => {
  test("a clock may be off by exactly the limit, either way", () => {
    assert.equal(verdict({}, cli, { now: SIGNED_AT + 600_000 }), "accepted");
    assert.equal(verdict({}, cli, { now: SIGNED_AT - 600_000 }), "accepted");
  });
  test("one millisecond more is too much, either way", () => {
    assert.equal(verdict({}, cli, { now: SIGNED_AT + 600_001 }), "device signature expired");
    assert.equal(verdict({}, cli, { now: SIGNED_AT - 600_001 }), "device signature expired");
  });
  test("the nonce must be this connection's", () =>
    assert.equal(verdict({}, cli, { nonce: "another" }), "device nonce mismatch"));
  test("a nonce is compared after trimming", () => assert.equal(verdict({ nonce: ` ${NONCE} ` }), "accepted"));
  test("a blank nonce is none", () => assert.equal(verdict({ nonce: "  " }), "device nonce required"));
});

describe("the first check that fails is the one that is told", () => {
  const everything: Partial<PresentedDevice> = { id: "0", signedAt: 0, nonce: "another", signature: "" };

  test("identity before time", () => assert.equal(verdict(everything), "device identity mismatch"));
  test("time before nonce", () => assert.equal(verdict({ ...everything, id: ID }), "device signature expired"));
  test("a missing nonce before the signature", () =>
    assert.equal(verdict({ nonce: undefined, signature: "" }), "device nonce required"));
  test("a wrong nonce before the signature", () =>
    assert.equal(verdict({ nonce: "another", signature: "" }), "device nonce mismatch"));
});
