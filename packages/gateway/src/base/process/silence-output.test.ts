import assert from "node:assert/strict";
import { test } from "node:test";
import { runInThisContext } from "node:vm";
import { silenceConsoleOf } from "./silence-output.ts";

test("what a silenced package prints is dropped, what others print is not", (t) => {
  const info = t.mock.method(console, "info", () => {});
  silenceConsoleOf("leaky");
  const print = "(text) => console.info(text)";
  const inPackage = runInThisContext(print, { filename: "/app/node_modules/leaky/src/session.js" });
  const inOther = runInThisContext(print, { filename: "/app/node_modules/other/src/session.js" });

  inPackage("a key");
  inOther("a line");
  console.info("our own line");

  assert.deepEqual(
    info.mock.calls.map(({ arguments: [text] }) => text as unknown),
    ["a line", "our own line"],
  );
});
