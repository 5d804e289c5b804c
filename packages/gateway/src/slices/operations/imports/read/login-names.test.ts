import assert from "node:assert/strict";
import { test } from "node:test";
import { loginKeyOf } from "./login-names.ts";

/** Names of files as they are written there, and the keys of a login that they hold. */
const NAMES = [
  ["creds.json", "creds"],
  ["pre-key-12.json", "key/pre-key/12"],
  ["session-1555_1.0.json", "key/session/1555_1.0"],
  ["sender-key-group@g.us--1555_1--0.json", "key/sender-key/group@g.us::1555_1::0"],
  ["sender-key-memory-group@g.us.json", "key/sender-key-memory/group@g.us"],
  ["app-state-sync-key-AAA__B.json", "key/app-state-sync-key/AAA/B"],
  ["app-state-sync-version-regular_low.json", "key/app-state-sync-version/regular_low"],
  ["lid-mapping-1555.json", "key/lid-mapping/1555"],
  ["lid-mapping-77_reverse.json", "key/lid-mapping/77_reverse"],
  ["device-list-1555.json", "key/device-list/1555"],
  ["creds.json.bak", undefined],
  ["notes.json", undefined],
  ["session-1555.txt", undefined],
] as const;

for (const [file, key] of NAMES) test(`${file} holds ${key ?? "no key"}`, () => assert.equal(loginKeyOf(file), key));
