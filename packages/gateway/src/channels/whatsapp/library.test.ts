import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { createLog, type Line } from "../../base/log.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { systemClock } from "../../base/time/clock.ts";
import { ChannelError } from "../../kit/channel.ts";
import { libraryLog, loadBaileys } from "./library.ts";

test("without the library, the account says how to install it", async () => {
  const absent = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier.startsWith("@whiskeysockets/")) throw absent;
      return next(specifier, context);
    },
  });

  await assert.rejects(loadBaileys(), (error: unknown) => {
    assert.ok(error instanceof ChannelError);
    assert.equal(error.kind, "unavailable");
    assert.match(error.message, /is not installed; run npm install -g @whiskeysockets\/baileys@7\.0\.0-rc14/);
    return true;
  });

  hooks.deregister();
});

test("of the library's log only sentences are kept", () => {
  const lines: Line[] = [];
  const log = createLog({
    clock: systemClock,
    level: "debug",
    sinks: [(line) => lines.push(line)],
    secrets: new Secrets(),
  });
  const library = libraryLog(log).child({ class: "any" });

  library.info({ creds: { noiseKey: "secret" } }, "logging in");
  library.error({ err: new Error("why") }, "it failed");
  library.warn("a line of its own");
  library.trace({ xml: "<secret/>" }, "xml send");

  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields]),
    [
      ["debug", { line: "logging in" }],
      ["debug", { line: "it failed", problem: "why" }],
      ["debug", { line: "a line of its own" }],
    ],
  );
});
