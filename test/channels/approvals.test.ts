// Approvals over channels: an owner is asked where they are, and nobody else can answer for them.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Delivered, type FakePlatform, fakeTelegram, type SaysOptions, until } from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { ChannelBench } from "./bench.ts";

const CLUB = { in: { group: "club" } } as const;

/** Telegram with a model behind it; ann owns the gateway, bob was let in, others may write. */
async function withOwner(model: ModelServer): Promise<ChannelBench> {
  const { models, agents } = JSON.parse(configFor(model));
  const settings = (fake: FakePlatform) => ({ allowFrom: ["*", fake.idOf("bob")] });
  const bench = await ChannelBench.start(fakeTelegram, { settings, config: { models, agents } });
  const { senderId } = await bench.fake.says("/whoami", { from: "ann" });
  const { hash } = await bench.operator.call("config.get", {});
  const raw = JSON.stringify({ channels: { telegram: { owners: [senderId] } } });
  await bench.operator.call("config.patch", { raw, baseHash: hash });
  return bench;
}

/** Has the model run a command for somebody, and returns the message that asks about it. */
async function asked(
  bench: ChannelBench,
  model: ModelServer,
  command: string,
  options: SaysOptions,
): Promise<Delivered> {
  model.script({ kind: "tool-call", name: "exec", arguments: { command } });
  await bench.fake.says("Do it.", options);
  return await until(bench.fake, "the question", () =>
    bench.fake.delivered.find(({ text }) => text.includes("May this command run?")),
  );
}

function codeIn({ text }: Delivered): string {
  return /\/approve (\w{6})/.exec(text)![1]!;
}

function exists(bench: ChannelBench, name: string): boolean {
  return existsSync(join(bench.gateway.stateDir, "workspace", name));
}

describe("an owner on a channel", () => {
  test("is shown the exact command, and allows it by a button", async () => {
    await using model = await fakeOpenAI();
    await using bench = await withOwner(model);

    const note = await asked(bench, model, "touch 'a`b'", { from: "ann" });
    const code = codeIn(note);
    await bench.fake.presses!(note.id, `/approve ${code} allow-once`, { from: "ann" });

    await bench.delivered("Hello from the model.");
    await bench.delivered("Allowed once.");
    assert.match(note.text, /touch 'a`b'/);
    assert.match(note.text, /touch is not on the allowlist/);
    assert.deepEqual(note.buttons, [
      { label: "Allow once", data: `/approve ${code} allow-once` },
      { label: "Always allow", data: `/approve ${code} allow-always` },
      { label: "Deny", data: `/approve ${code} deny` },
    ]);
    assert.ok(exists(bench, "a`b"));
  });

  test("denies it by writing so", async () => {
    await using model = await fakeOpenAI();
    await using bench = await withOwner(model);

    const note = await asked(bench, model, "touch a", { from: "ann" });
    await bench.fake.says(`/deny ${codeIn(note)}`, { from: "ann" });

    await bench.delivered("Denied.");
    await bench.delivered("Hello from the model.");
    assert.equal(exists(bench, "a"), false);
  });
});

describe("nobody else", () => {
  test("who sees the question in a group can answer it, by words or by its buttons", async () => {
    await using model = await fakeOpenAI();
    await using bench = await withOwner(model);
    const note = await asked(bench, model, "touch a", { ...CLUB, from: "ann", mentionsBot: true });
    const code = codeIn(note);

    await bench.fake.says(`/approve ${code}`, { ...CLUB, from: "bob", mentionsBot: true });
    await bench.delivered("/approve is for the owner of this gateway.");
    await bench.fake.presses!(note.id, `/approve ${code} allow-always`, { from: "bob" });
    await until(bench.fake, "the second refusal", () =>
      bench.times("/approve is for the owner of this gateway.") === 2 ? true : undefined,
    );
    await bench.fake.presses!(note.id, `/approve ${code} allow-once`, { from: "stranger" });
    await until(bench.fake, "the third refusal", () =>
      bench.times("/approve is for the owner of this gateway.") === 3 ? true : undefined,
    );

    const { pending } = await bench.operator.call("exec.approval.list", {});
    assert.equal(pending.length, 1);
    assert.equal(exists(bench, "a"), false);
    await bench.fake.says(`/deny ${code}`, { from: "ann" });
    await bench.delivered("Denied.");
  });

  test("can have a command run at all", async () => {
    await using model = await fakeOpenAI();
    await using bench = await withOwner(model);
    model.script({ kind: "tool-call", name: "exec", arguments: { command: "echo hello" } });

    await bench.fake.says("Do it.", { from: "bob" });

    await bench.delivered("Hello from the model.");
    const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    assert.match(unframed(messages.findLast(({ role }) => role === "tool")!.content), /^There is no tool "exec" here/);
  });
});
