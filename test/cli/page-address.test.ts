// Commands that show what the page shows too say where, to people only.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Home } from "./harness.ts";

const home = new Home();
const gateway = await home.gateway();
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const PAGES: readonly (readonly [command: readonly string[], place: string])[] = [
  [["agents"], "agents"],
  [["devices", "list"], "devices"],
  [["nodes"], "devices"],
  [["cron", "list"], "automations"],
  [["sessions"], "sessions"],
  [["sessions", "show", "agent:main:a b"], "chat/agent:main:a%20b"],
  [["usage"], "usage"],
  [["channels"], "channels"],
  [["logs", "--limit", "1"], "logs"],
  [["config", "get", "gateway.port"], "settings"],
  [["runs"], "runs"],
];

for (const [command, place] of PAGES)
  test(`moltbot ${command.join(" ")}: a terminal is told the address of #${place}, without a secret`, async () => {
    if (place.startsWith("chat/")) await home.run(["agent", "--session-key", "agent:main:a b", "-m", "/status"]);
    await using terminal = home.terminal(command, 200);

    const code = await terminal.ended();

    const [line] = terminal.lines.filter((each) => each.startsWith("On the page: "));
    assert.equal(code, 0, terminal.text);
    assert.equal(line, `On the page: http://${gateway.link.host}/#${place}`, terminal.text);
    assert.ok(!terminal.text.includes(gateway.token));
  });

test("what a person typed into an address as a secret is not shown again", async () => {
  const url = `ws://me:pw@${gateway.link.host}/?token=${gateway.token}`;
  await using terminal = home.terminal(["agents", "--url", url, "--token", gateway.token], 200);

  await terminal.ended();

  assert.doesNotMatch(terminal.text, /me:pw@|token=/);
});

test("a pipe, --json and a failure are told nothing", async () => {
  const piped = await home.run(["agents"]);
  await using asJson = home.terminal(["agents", "--json"], 200);
  await using failed = home.terminal(["sessions", "show", "agent:main:nobody"], 200);
  const codes = [await asJson.ended(), await failed.ended()];

  assert.doesNotMatch(piped.stdout + piped.stderr + asJson.text + failed.text, /On the page/);
  assert.equal(codes[0], 0);
});

test("a gateway without the page is not said to have one", async () => {
  using other = new Home();
  await using _gateway = await other.gateway();
  await other.run(["config", "set", "gateway.controlUi.enabled", "false"]);
  await using terminal = other.terminal(["agents"], 200);

  const code = await terminal.ended();

  assert.equal(code, 0, terminal.text);
  assert.doesNotMatch(terminal.text, /On the page/);
});
