import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { tokensOfAll } from "./message-size.ts";
import { boundRun, pruned } from "./pruning.ts";

let count = 0;
function said(role: StoredMessage["role"], ...content: (string | StoredPart)[]): StoredMessage {
  const parts = content.map((part) => (typeof part === "string" ? { type: "text" as const, text: part } : part));
  return {
    id: `m${++count}`,
    at: count,
    role,
    runId: "own",
    content: parts,
    ...(role === "toolResult" && { toolName: "read" }),
  };
}
const call = (id: string): StoredPart => ({ type: "toolCall", id, name: "read", arguments: {} });
const picture: StoredPart = { type: "image", sha256: "s", mimeType: "image/png", sizeBytes: 9, fileName: "cat.png" };
const LONG = "x".repeat(5_000);

function lines(messages: readonly StoredMessage[]): string[] {
  return messages.map(({ role, content }) => {
    const parts = content.map((part) => (part.type === "text" ? part.text.replace(/x{9,}/, "x…") : part.type));
    return `${role}: ${parts.join(" | ")}`;
  });
}

const NOTE =
  "[Left out to save room: 5000 characters that read answered. Call it again if you need them and it changes nothing.]";

test("long results and pictures older than the last turns become a line; what was said stays", () => {
  const turn = () => [
    said("user", "see", picture),
    said("assistant", call("c")),
    said("toolResult", LONG),
    said("assistant", "ok"),
  ];

  const shown = pruned([...turn(), ...turn()], { keepTurns: 1, maxChars: 1_000 });

  assert.deepEqual(lines(shown), [
    ...["user: see | [image: cat.png]", "assistant: toolCall", `toolResult: ${NOTE}`, "assistant: ok"],
    ...["user: see | image", "assistant: toolCall", "toolResult: x…", "assistant: ok"],
  ]);
});

test("short results stay, however old", () => {
  const messages = [said("user", "a"), said("assistant", call("c")), said("toolResult", "short"), said("user", "b")];

  assert.deepEqual(lines(pruned(messages, { keepTurns: 0, maxChars: 1_000 })), lines(messages));
});

test("a run that fits is shown as it is", () => {
  const own = [said("user", "go"), said("assistant", call("1")), said("toolResult", LONG)];

  assert.deepEqual(boundRun(own, 10_000), own);
});

test("a long run gives up its oldest results first and keeps the newest", () => {
  const step = (id: string) => [said("assistant", call(id)), said("toolResult", LONG)];
  const own = [said("user", "go"), ...step("1"), ...step("2"), ...step("3")];

  const shown = boundRun(own, 3_700);

  assert.deepEqual(lines(shown), [
    ...["user: go", "assistant: toolCall", `toolResult: ${NOTE}`],
    ...["assistant: toolCall", "toolResult: x…", "assistant: toolCall", "toolResult: x…"],
  ]);
});

test("a very long run gives up its oldest steps, calls together with their answers, and says so", () => {
  const steps = Array.from({ length: 50 }, (_, n) => [
    said("assistant", "hm", call(`${n}`)),
    said("toolResult", "short"),
  ]);
  const own = [said("user", "go"), ...steps.flat()];

  const shown = lines(boundRun(own, 200));

  assert.equal(shown[0], "user: go");
  assert.match(shown[1] ?? "", /^user: \d+ earlier steps of this request are left out to save room/);
  assert.equal(
    shown.filter((line) => line.startsWith("assistant")).length,
    shown.filter((line) => line.startsWith("tool")).length,
  );
  assert.ok(shown.length < 20);
});

test("the newest results are cut only when even they are too long together", () => {
  const own = [
    said("user", "go"),
    said("assistant", call("1"), call("2")),
    said("toolResult", LONG.repeat(4)),
    said("toolResult", "tiny"),
  ];

  const shown = boundRun(own, 2_000);

  assert.match(lines(shown)[2] ?? "", /^toolResult: x….*characters left out …/s);
  assert.equal(lines(shown)[3], "toolResult: tiny");
  assert.ok(tokensOfAll(shown) < tokensOfAll(own) / 2);
});
