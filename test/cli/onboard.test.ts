// `moltbot onboard` at a terminal, and without one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { Home } from "./harness.ts";

test("onboarding starts a gateway, asks step by step, and ends with the link", async () => {
  using home = new Home();
  await home.run(["config", "set", "models.detectLocal", "false"]);
  await home.run(["config", "set", "gateway.port", "0"]);
  await using terminal = home.terminal(["onboard", "--skip-import", "--skip-service"]);

  await terminal.until(/Which model shall answer\?[\s\S]*Number/);
  const skip = /(\d+) {2}Skip this/.exec(terminal.text)?.[1] ?? "";
  terminal.type("99\r");
  await terminal.until(/Type a number from 1 to/);
  terminal.type(`${skip}\r`);
  await terminal.until(/Where do you want to write to it\?[\s\S]*Number/);
  terminal.type(`${[...terminal.text.matchAll(/(\d+) {2}Skip this/g)].at(-1)?.[1]}\r`);
  await terminal.until(/phone's browser[\s\S]*Number/);
  terminal.type("\r");
  await terminal.until(/Open http:\/\/127\.0\.0\.1:\d+\/#token=/);
  await terminal.until(/Ctrl-C stops both/);
  terminal.type("\x03");

  assert.equal(await terminal.ended(), 0);
});

test("a key that is typed is tried and not shown; Ctrl-C ends the wizard on the gateway too", async () => {
  using home = new Home();
  await using models = await fakeAnthropic();
  await home.run(["config", "set", "models.detectLocal", "false"]);
  await using _gateway = await home.gateway([], { ANTHROPIC_BASE_URL: models.baseUrl.replace("/v1", "") });
  await using terminal = home.terminal(["onboard"]);

  await terminal.until(/Which model shall answer\?[\s\S]*Number/);
  terminal.type(`${/(\d+) {2}Anthropic/.exec(terminal.text)?.[1]}\r`);
  await terminal.until(/Enter skips/);
  terminal.type("sk-fake-0123456789\r");
  await terminal.until(/The key works[\s\S]*write to it\?[\s\S]*Number/);
  terminal.type("\x03");
  const code = await terminal.ended();
  const next = await home.run(["gateway", "call", "wizard.start"]);

  assert.equal(code, 1);
  assert.doesNotMatch(terminal.text, /sk-fake/);
  assert.equal(next.code, 0, next.stderr);
});

test("without a terminal it says what to run instead", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["onboard"]);

  assert.deepEqual(
    [code, stderr],
    [
      2,
      "Onboarding asks questions and needs a terminal. Without one: `moltbot models auth`, `moltbot channels add`, `moltbot gateway install`.\n",
    ],
  );
});
