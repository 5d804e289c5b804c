// Ctrl-C stops a command at the very moment that it is told to.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

/** Sends this process Ctrl-C within the write of a text, before the command goes on. */
function interruptsAt(words: string): string {
  return `
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write;
      stream.write = function (chunk, ...rest) {
        const done = write.call(this, chunk, ...rest);
        if (String(chunk).includes(${JSON.stringify(words)})) process.kill(process.pid, "SIGINT");
        return done;
      };
    }`;
}

/** A home whose commands get Ctrl-C while they write those words. */
class InterruptedHome extends Home {
  readonly #words: string;

  constructor(words: string) {
    super();
    this.#words = words;
  }

  override env(more: Record<string, string> = {}): Record<string, string> {
    const preload = join(this.stateDir, "interrupt.mjs");
    mkdirSync(this.stateDir, { recursive: true });
    writeFileSync(preload, interruptsAt(this.#words));
    return super.env({ NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import=${preload}`, ...more });
  }
}

test("a gateway ends well when it is stopped while it says that it runs", async () => {
  using home = new InterruptedHome("Ctrl-C stops it");

  const { code, stderr } = await home.run(["gateway", "--port", "0"]);

  assert.equal(code, 0, stderr);
});

test("a node ends well when it is stopped while it says what it is", async () => {
  using home = new InterruptedHome("Node ");
  await using _gateway = await home.gateway();

  const { code, stdout, stderr } = await home.run(["node", "run"]);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Node /);
});

test("onboarding ends well, and its gateway with it, when it is stopped while it says how", async () => {
  using home = new InterruptedHome("Ctrl-C stops both");
  await home.run(["config", "set", "models.detectLocal", "false"]);
  await home.run(["config", "set", "gateway.port", "0"]);
  await using terminal = home.terminal(["onboard", "--skip-import", "--skip-service"]);

  for (const title of [
    /Which model shall answer\?[\s\S]*Number/,
    /write to it\?[\s\S]*Number/,
    /phone's browser[\s\S]*Number/,
  ]) {
    await terminal.until(title);
    terminal.type(`${[...terminal.text.matchAll(/(\d+) {2}Skip this/g)].at(-1)?.[1] ?? ""}\r`);
  }

  assert.equal(await terminal.ended(), 0, terminal.text);
  assert.match(terminal.text, /Ctrl-C stops both/);
});
