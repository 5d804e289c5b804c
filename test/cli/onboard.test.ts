// `moltbot onboard` at a terminal, and without one.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { FakeSystem } from "../fakes/system/tools.ts";
import { januaryFolder } from "../support/other-gateways.ts";
import { Home } from "./harness.ts";

/** A home whose commands see the fake system; the service that it has is removed at the end. */
class ServedHome extends Home implements AsyncDisposable {
  readonly system = new FakeSystem();

  override env(more: Record<string, string> = {}): Record<string, string> {
    return super.env({ ...this.system.env, ...more });
  }

  /** Settings with which nothing of this machine is looked for, and no port is fixed. */
  async prepare(): Promise<void> {
    await this.run(["config", "set", "models.detectLocal", "false"]);
    await this.run(["config", "set", "gateway.port", "0"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(["gateway", "uninstall"]);
    this.system[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

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
  assert.match(terminal.text, /\nOnboarding is broken off\. What is set up so far stays;/);
  assert.doesNotMatch(terminal.text, /Nothing was changed|sk-fake/);
  assert.equal(next.code, 0, next.stderr);
});

test("an older installation is taken over and the service installed within it; the wizard follows, and ends with the link", async () => {
  await using home = new ServedHome();
  await home.prepare();
  januaryFolder(join(home.system.home, ".clawdbot"));
  await using terminal = home.terminal(["onboard"], 200);

  await terminal.until(/Take over its settings, conversations and jobs\?/);
  terminal.type("y\r");
  await terminal.until(/Import this\?/);
  terminal.type("y\r");
  await terminal.until(/May main run \S*uname without asking\?/);
  terminal.type("y\r");
  await terminal.until(/service of this system\?/);
  terminal.type("y\r");
  for (const title of [/Which model shall answer\?[\s\S]*Number/, /write to it\?[\s\S]*Number/]) {
    await terminal.until(title);
    terminal.type(`${[...terminal.text.matchAll(/(\d+) {2}Skip this/g)].at(-1)?.[1]}\r`);
  }
  await terminal.until(/phone's browser[\s\S]*Number/);
  terminal.type("\r");
  const code = await terminal.ended();
  const { stdout } = await home.run(["sessions", "--json"]);

  assert.equal(code, 0, terminal.text);
  assert.match(terminal.text, /Open http:\/\/127\.0\.0\.1:\d+\/#token=/);
  assert.ok(home.system.calls.some((call) => /systemctl --user restart moltbot-gateway\.service/.test(call)));
  assert.ok(JSON.parse(stdout).sessions.length > 1, stdout);
});

test("import and service are left out on request; broken off and begun again, nothing is offered twice that was done", async () => {
  await using home = new ServedHome();
  await home.prepare();
  januaryFolder(join(home.system.home, ".clawdbot"));
  await using first = home.terminal(["onboard"], 200);
  await first.until(/Take over its settings, conversations and jobs\?/);
  first.type("n\r");
  await first.until(/service of this system\?/);
  first.type("y\r");
  await first.until(/Which model shall answer\?[\s\S]*Number/);
  first.type("\x03");
  const broken = await first.ended();

  await using second = home.terminal(["onboard"], 200);
  await second.until(/Which model shall answer\?[\s\S]*Number/);
  second.type("\x03");
  await second.ended();

  assert.equal(broken, 1);
  assert.doesNotMatch(second.text, /Take over|service of this system/);
  assert.match(home.system.calls.join("\n"), /enable moltbot-gateway\.service/);
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

test("on a narrow terminal what is said is broken at words", async () => {
  using home = new Home();
  await home.run(["config", "set", "models.detectLocal", "false"]);
  await using _gateway = await home.gateway();
  await using terminal = home.terminal(["onboard"], 50);

  await terminal.until(/Which model shall answer\?[\s\S]*Number/);
  terminal.type("\x03");
  await terminal.ended();

  assert.match(terminal.text, /Each step can be\nskipped/);
  assert.deepEqual(
    terminal.lines.filter((line) => line.length > 50),
    [],
  );
});
