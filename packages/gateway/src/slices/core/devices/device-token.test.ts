import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { tokenKeyPath } from "../../../base/files.ts";
import { DeviceTokens, deriveToken, firstTokenVersion, loadTokenKey } from "./device-token.ts";

/** An empty state folder that is removed afterwards. */
function stateFolder() {
  const path = mkdtempSync(join(tmpdir(), "moltbot-token-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Worked out apart from this code: base64url of HMAC-SHA-256 over "device|role|version". */
const TOKENS: readonly [...parts: Parameters<typeof deriveToken>, token: string, about: string][] = [
  ["key", "device", "operator", 1, "cz4P-QZvyqrkUHvnfXSD17F5hyUlFeCZmdOlGdiovqI", "one of four parts"],
  ["key", "device", "operator", 2, "XWP3v7DIpOugYfsje2F_Pi0fu5SpWD-WODWn6Nuip4Q", "another one for the next version"],
  ["key", "device", "node", 1, "OrJwAhJfFrnZPCz0wEIRNHE4pan-14dgYdfJIq7oFrE", "another one for another role"],
  ["key", "other", "operator", 1, "woCohcb4dG7GUoccq7WS1c9NOsXhDVSrIkZHWraCBk8", "another one for another device"],
  ["other", "device", "operator", 1, "FoHGQQrPyKjSyPgUPxc5TPOBoijuslgOG5-3wgEaGII", "another one for another key"],
  [
    "key",
    "device",
    "operator",
    30,
    "AhauqU3H6U2Tnw3en2MXxEmQFAl5XXvf_WM5zelG3Uo",
    "never like a flag: A stands for a leading -",
  ],
];

for (const [key, deviceId, role, version, token, about] of TOKENS) {
  test(`a token is ${about}`, () => {
    assert.equal(deriveToken(key, deviceId, role, version), token);
  });
}

test("a token is the derived one, however often and of how many devices it was asked for", () => {
  const tokens = new DeviceTokens("key");
  const devices = Array.from({ length: 1_200 }, (_, at) => `device ${at}`);
  const wanted = devices.map((device) => deriveToken("key", device, "operator", 1));

  const asked = [1, 2].map(() => devices.map((device) => tokens.of(device, "operator", 1)));

  assert.deepEqual(asked, [wanted, wanted]);
  assert.equal(tokens.of("device 7", "node", 2), deriveToken("key", "device 7", "node", 2));
});

test("a state folder gets one key, in a private file, and keeps it", () => {
  using folder = stateFolder();

  const made = loadTokenKey(folder.path);

  assert.match(made, /^[\w-]{43}$/);
  assert.equal(statSync(tokenKeyPath(folder.path)).mode & 0o777, 0o600);
  assert.equal(loadTokenKey(folder.path), made);
});

test("two state folders have two keys", () => {
  using one = stateFolder();
  using other = stateFolder();

  assert.notEqual(loadTokenKey(one.path), loadTokenKey(other.path));
});

const WRITTEN: readonly [text: string, key: RegExp, about: string][] = [
  ["known\n", /^known$/, "is read without the end of its line"],
  [" \n", /^[\w-]{43}$/, "that is blank is made anew"],
];
for (const [text, key, about] of WRITTEN) {
  test(`a key file ${about}`, () => {
    using folder = stateFolder();
    mkdirSync(dirname(tokenKeyPath(folder.path)));
    writeFileSync(tokenKeyPath(folder.path), text);

    assert.match(loadTokenKey(folder.path), key);
  });
}

test("a first version is a whole number that cannot be foreseen and can be counted up", () => {
  const versions = [firstTokenVersion(), firstTokenVersion()];

  assert.deepEqual(
    versions.map((version) => Number.isSafeInteger(version + 1) && version >= 0),
    [true, true],
  );
  assert.notEqual(versions[0], versions[1]);
});
