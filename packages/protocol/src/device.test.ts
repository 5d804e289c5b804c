import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import {
  deviceIdentity,
  memoryTokens,
  openDeviceIdentity,
  proveDevice,
  type SignatureVersion,
  type SignedFields,
  signedText,
} from "./device.ts";

// Source: the protocol's test vectors. Ed25519 is deterministic, so whole signatures can be compared.
const DEVICE_ID = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
const PUBLIC_KEY = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
const NONCE = "00000000-0000-4000-8000-000000000001";

const operator: SignedFields = {
  deviceId: DEVICE_ID,
  client: { id: "cli", mode: "cli", platform: "Linux", deviceFamily: " Linux " },
  role: "operator",
  scopes: ["operator.read", "operator.write"],
  signedAt: 1737264000000,
  token: "secret-token",
  nonce: NONCE,
};
const node: SignedFields = {
  ...operator,
  client: { id: "node-host", mode: "node", platform: "linux" },
  role: "node",
  scopes: [],
  token: "",
};

const vectors: { name: string; version: SignatureVersion; fields: SignedFields; text: string; signature: string }[] = [
  {
    name: "an operator, v1",
    version: "v1",
    fields: operator,
    text: `v1|${DEVICE_ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token`,
    signature: "_cv3IaYFdvf-gOb984RHNrXo4eRVWNOylUtzuHESk87AfidLg7iCzoVt519gaNBduvuvZqj3woO6kqqlO4PuAg",
  },
  {
    name: "an operator, v2",
    version: "v2",
    fields: operator,
    text: `v2|${DEVICE_ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token|${NONCE}`,
    signature: "f1c-udI-9hAuBARLU6i5HSQCSQ2VAn9clbHJQ6UiVFQrjQSD4Bp7muqxN2csbraZTXc2A-5IzN0QzO2k__b7Cw",
  },
  {
    name: "an operator, v3",
    version: "v3",
    fields: operator,
    text: `v3|${DEVICE_ID}|cli|cli|operator|operator.read,operator.write|1737264000000|secret-token|${NONCE}|linux|linux`,
    signature: "kAHmDr-zSc0U1pfJiC7VLV0IY_gLc-BhBsSAp1_uLBFK4T98Yzc7yzs1Yi55CEm8zIJAa5-ymgoDgpwnXxoMDw",
  },
  {
    name: "a node without scopes or token, v2",
    version: "v2",
    fields: node,
    text: `v2|${DEVICE_ID}|node-host|node|node||1737264000000||${NONCE}`,
    signature: "fu-_HmmNbhWjMCKJRz6TdN-_DSh9e9_6QjAjSsSlzgX25DyRvVFUaJdYZ7xTotRmau05gRtv3R-qpyXRObAlCg",
  },
  {
    name: "an app as a node, v2",
    version: "v2",
    fields: { ...node, client: { id: "clawdbot-ios", mode: "node", platform: "iOS 18.2" }, token: "secret-token" },
    text: `v2|${DEVICE_ID}|clawdbot-ios|node|node||1737264000000|secret-token|${NONCE}`,
    signature: "IViXKw96vfF-cwesAS3IWu3HNQyXasHkyNNB9Lxvz8Kta4PRTVHWvTm-pYyFzNfBBZRKsnsYyNg-6FObQotSCQ",
  },
  {
    name: "a node host, v3",
    version: "v3",
    fields: {
      ...node,
      client: { id: "node-host", mode: "node", platform: "linux", deviceFamily: "Linux" },
      token: "secret-token",
    },
    text: `v3|${DEVICE_ID}|node-host|node|node||1737264000000|secret-token|${NONCE}|linux|linux`,
    signature: "S51JHFPp3Dyd4ddthRnaNKQLm5235e0zuKkkuU9z1Xh9WiJKqYEdgjL3Zx5HzNn7oCkFGzpQ9PRhKsUR6yVeCw",
  },
];

test("the identity of a known key is the hash of its public half", async () => {
  const device = await knownDevice();

  assert.equal(device.publicKey, PUBLIC_KEY);
  assert.equal(device.deviceId, DEVICE_ID);
});

for (const { name, version, fields, text, signature } of vectors) {
  test(`the signed text and signature of ${name} are the published ones`, async () => {
    const device = await knownDevice();

    assert.equal(signedText(version, fields), text);
    assert.equal(await device.sign(text), signature);
  });
}

test("a proof carries the challenge's nonce and time", async () => {
  const device = await knownDevice();

  const proof = await proveDevice(device, operator, {
    challenge: { nonce: NONCE, ts: 1737264000000 },
    version: "v3",
  });

  assert.deepEqual(proof, {
    id: DEVICE_ID,
    publicKey: PUBLIC_KEY,
    signature: vectors[2]?.signature,
    signedAt: 1737264000000,
    nonce: NONCE,
  });
});

test("a proof without a challenge is v1 and has no nonce", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1737264000000 });
  const device = await knownDevice();

  const proof = await proveDevice(device, operator, { challenge: undefined, version: "v3" });

  assert.deepEqual(proof, {
    id: DEVICE_ID,
    publicKey: PUBLIC_KEY,
    signature: vectors[0]?.signature,
    signedAt: 1737264000000,
  });
});

test("a new identity is saved, loaded again, and its private key cannot be read", async () => {
  let saved: CryptoKeyPair | undefined;
  const storage = {
    load: async () => saved,
    save: async (keys: CryptoKeyPair) => {
      saved = keys;
    },
  };

  const first = await openDeviceIdentity(storage);
  const second = await openDeviceIdentity(storage);

  assert.equal(first.deviceId, second.deviceId);
  assert.equal(saved?.privateKey.extractable, false);
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: first.publicKey } });
  const signature = Buffer.from(await second.sign("text"), "base64url");
  assert.ok(verify(null, Buffer.from("text"), key, signature));
});

test("tokens are kept for each role and can be forgotten", async () => {
  const tokens = memoryTokens();
  await tokens.save("operator", "a");
  await tokens.save("node", "b");
  await tokens.save("operator", undefined);

  assert.equal(tokens.load("operator"), undefined);
  assert.equal(tokens.load("node"), "b");
});

/** The key whose seed is the bytes 0 to 31. */
async function knownDevice() {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  const raw = spki.export({ format: "der", type: "spki" }).subarray(-32);
  return deviceIdentity({
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]),
    publicKey: await crypto.subtle.importKey("raw", new Uint8Array(raw), "Ed25519", true, ["verify"]),
  });
}
