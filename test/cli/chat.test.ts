// A chat on a real terminal: what the reply looks like, what is typed meanwhile, and commands that wait for an answer.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { Home } from "./harness.ts";

const model = await fakeOpenAI();
const home = new Home();
const provider = { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] };
await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
const gateway = await home.gateway();
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  await model[Symbol.asyncDispose]();
});

/** What the model was told by its tool. */
function told(): string {
  const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
  return unframed(messages.findLast(({ role }) => role === "tool")!.content);
}

test("a reply is shown without the marks of Markdown, and breaks between words", async () => {
  model.script({
    kind: "text",
    text: ["## Plan\n\nPack the **warm** coat and", " the `map`, then take the early train north.\n"],
  });
  await using terminal = home.terminal(["chat", "--session", "looks"], 50);
  await terminal.until(/› /);

  terminal.type("plan it\r");
  await terminal.until(/north\.\n\n/);
  terminal.type("\x04");

  assert.equal(await terminal.ended(), 0);
  const at = terminal.lines.indexOf("Plan");
  assert.deepEqual(terminal.lines.slice(at, at + 4), [
    "Plan",
    "",
    "Pack the warm coat and the map, then take the",
    "early train north.",
  ]);
});

test("what is typed while a reply comes stands in the next prompt, and is not sent", async () => {
  const more = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["The first half, ", "the second half."], hold: more.promise });
  const asked = model.requests.length;
  await using terminal = home.terminal(["chat", "--session", "early"]);
  await terminal.until(/› /);

  terminal.type("tell me\rn\r");
  await terminal.until(/first/);
  more.resolve();
  await terminal.until(/second half\..*› .*n/s);
  terminal.type("\x03");

  assert.equal(await terminal.ended(), 0);
  assert.equal(model.requests.length, asked + 1);
});

test("a command that waits is answered in the chat that asked for it", async () => {
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "mkdir from-a-chat" } });
  await using terminal = home.terminal(["chat", "--session", "asks"]);
  await terminal.until(/› /);

  terminal.type("do it\r");
  await terminal.until(/Allow it\? /);
  terminal.type("perhaps\r");
  await terminal.until(/Answer y, a or n\./);
  terminal.type("y\r");
  await terminal.until(/Hello from the model\./);
  terminal.type("/exit\r");

  assert.equal(await terminal.ended(), 0);
  assert.ok(terminal.lines.includes("  mkdir from-a-chat"));
  assert.match(told(), /exit code 0/);
});

test("a command that is answered elsewhere is asked about no longer, and a half-typed answer goes nowhere", async () => {
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "mkdir elsewhere" } });
  await using terminal = home.terminal(["chat", "--session", "elsewhere"]);
  await terminal.until(/› /);
  terminal.type("do it\r");
  await terminal.until(/Allow it\? /);
  terminal.type("perh");
  await terminal.until(/perh/);

  await home.run(["approvals", "deny"]);
  await terminal.until(/answered elsewhere: deny.*Hello from the model\..*› /s);
  terminal.type("/exit\r");

  assert.equal(await terminal.ended(), 0);
  assert.match(told(), /^It was not run: .* said no/);
});
