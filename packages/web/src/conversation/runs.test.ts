import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolCall } from "./parts.ts";
import { Runs, sentence } from "./runs.ts";

/** Runs, and a line for each thing that their listener was told, growth aside. */
function followed() {
  const told: string[] = [];
  const runs = new Runs({
    onGrowth: () => {},
    onEnd: ({ runId, outcome }) => told.push(`end ${runId} ${outcome.kind}`),
    onStranger: (runId, sessionKey) => told.push(`stranger ${runId} in ${sessionKey}`),
    onCompaction: (sessionKey) => told.push(`compaction in ${sessionKey}`),
  });
  return { runs, told };
}

const said = (text: string, more: object = {}) => ({
  ...{ runId: "r1", sessionKey: "main", state: "delta", message: { content: [{ type: "text", text }] } },
  ...more,
});
const agent = (stream: string, data: object, more: object = {}) => ({
  ...{ runId: "r1", sessionKey: "main", stream, data },
  ...more,
});
const tool = (toolCallId: string, phase: string, data: object = {}) =>
  agent("tool", { toolCallId, phase, name: "read", ...data });

function callsIn(runs: Runs): ToolCall[] {
  return runs.all.flatMap(({ steps }) => steps.flatMap(({ part }) => (part.kind === "call" ? [part.call] : [])));
}

test("a reply grows by its events, and ends once with its whole text and its model", () => {
  const { runs, told } = followed();

  runs.onChat(said("  He"));
  const half = runs.all.map(({ text, outcome }) => [text, outcome.kind]);
  runs.onChat(said("Hello", { state: "final", message: { content: "Hello", provider: "acme", model: "m" } }));

  assert.deepEqual(half, [["He", "writing"]]);
  assert.deepEqual(
    runs.all.map(({ text, by, outcome }) => [text, by, outcome.kind]),
    [["Hello", { provider: "acme", model: "m" }, "done"]],
  );
  assert.deepEqual(told, ["stranger r1 in main", "end r1 done"]);
});

test("a run that this page began is no stranger", () => {
  const { runs, told } = followed();
  runs.put("r1", { sessionKey: "main" });

  runs.onChat(said("Hello"));

  assert.deepEqual(told, []);
});

test("a run behind another of its conversation waits until it says something; one of another conversation does not", () => {
  const { runs } = followed();
  runs.put("r1", { sessionKey: "main" });
  runs.put("r2", { sessionKey: "main" });
  runs.put("r3", { sessionKey: "other" });
  const kinds = () => runs.all.map(({ outcome }) => outcome.kind);

  const before = kinds();
  runs.onAgent(agent("lifecycle", { phase: "start" }, { runId: "r2" }));

  assert.deepEqual(
    [before, kinds()],
    [
      ["writing", "waiting", "writing"],
      ["writing", "writing", "writing"],
    ],
  );
});

test("a failed reply has its reason as a sentence; one that was stopped keeps what it had said", () => {
  const { runs } = followed();
  runs.put("r2", { sessionKey: "other", text: "half" });

  runs.onChat(said("", { state: "error", message: undefined, errorMessage: "Error: no key for acme" }));
  runs.onChat(said("", { runId: "r2", sessionKey: "other", state: "aborted", message: undefined }));

  assert.deepEqual(
    runs.all.map(({ runId, text, outcome }) => [runId, text, outcome]),
    [
      ["r2", "half", { kind: "stopped" }],
      ["r1", "", { kind: "failed", reason: "No key for acme." }],
    ],
  );
});

test("a message that is answered in the reply to another one has no reply of its own", () => {
  const { runs, told } = followed();
  runs.put("r1", { sessionKey: "main" });

  runs.onChat(said("", { state: "final", stopReason: "merged" }));

  assert.deepEqual([runs.all, told], [[], []]);
});

test("a call runs, says how far it is, and ends; its arguments stay", () => {
  const { runs } = followed();

  runs.onAgent(agent("assistant", { text: "Let me look. " }));
  runs.onAgent(tool("c1", "start", { args: { path: "a" } }));
  runs.onAgent(tool("c1", "update", { partialResult: "half" }));
  const [running] = callsIn(runs);
  runs.onAgent(tool("c1", "result", { result: { lines: 1 }, durationMs: 40, meta: { path: "a" } }));

  const [ended] = callsIn(runs);
  assert.deepEqual([running?.state, running?.progress, running?.args], ["running", "half", { path: "a" }]);
  assert.deepEqual(
    [ended?.state, ended?.result, ended?.durationMs, ended?.args, ended?.meta],
    ["ok", '{\n  "lines": 1\n}', 40, { path: "a" }, { path: "a" }],
  );
  assert.equal(runs.all[0]?.steps[0]?.at, "Let me look.".length);
});

test("a call that failed, one that was denied and one that could not run end apart", () => {
  const { runs } = followed();

  runs.onAgent(tool("c1", "result", { isError: true, result: "no" }));
  runs.onAgent(tool("c2", "result", { isError: true, result: "no", meta: { denied: true } }));
  runs.onAgent(tool("c3", "result", { isError: true, result: "no", meta: { notRun: true } }));

  assert.deepEqual(
    callsIn(runs).map(({ id, state }) => [id, state]),
    [
      ["c1", "failed"],
      ["c2", "denied"],
      ["c3", "notRun"],
    ],
  );
});

test("thoughts go on in one block until something is said or done", () => {
  const { runs } = followed();

  runs.onAgent(agent("reasoning", { delta: " Let me" }));
  runs.onAgent(agent("reasoning", { delta: " see." }));
  runs.onAgent(tool("c1", "start"));
  runs.onAgent(agent("reasoning", { delta: "So." }));
  runs.onAgent(agent("assistant", { text: "It is so." }));
  runs.onAgent(agent("reasoning", { delta: "Sure?" }));

  assert.deepEqual(
    runs.all[0]?.steps.map(({ at, part }) => [at, part.kind === "thinking" ? part.text : part.call.id]),
    [
      [0, "Let me see."],
      [0, "c1"],
      [0, "So."],
      [9, "Sure?"],
    ],
  );
});

test("while the conversation is summed up the run says so, and the end of that is told", () => {
  const { runs, told } = followed();

  runs.onAgent(agent("compaction", { phase: "start" }));
  const busy = runs.all[0]?.busyWith;
  runs.onAgent(agent("compaction", { phase: "end" }));

  assert.deepEqual([busy, runs.all[0]?.busyWith, told], ["compaction", undefined, ["compaction in main"]]);
});

test("what comes after the end of a run changes nothing", () => {
  const { runs } = followed();
  runs.put("r1", { sessionKey: "main" });
  runs.end("r1", "main", { kind: "stopped" });

  runs.onAgent(agent("assistant", { text: "too late" }));

  assert.deepEqual(
    runs.all.map(({ text, outcome }) => [text, outcome.kind]),
    [["", "stopped"]],
  );
});

test("events without a run, without a conversation or of an unknown kind begin nothing", () => {
  const { runs, told } = followed();

  for (const odd of [undefined, "text", {}, { runId: "r1" }, { runId: 7, sessionKey: "main", data: {} }]) {
    runs.onChat(odd);
    runs.onAgent(odd);
  }
  runs.onAgent({ runId: "r1", stream: "assistant", data: { text: "whose?" } });
  runs.onAgent(agent("weather", { text: "rain" }));

  assert.deepEqual([runs.all, told], [[], []]);
});

test("runs that are done with are forgotten, the others stay", () => {
  const { runs } = followed();
  runs.put("r1", { sessionKey: "main" });
  runs.put("r2", { sessionKey: "main" });

  runs.forget(({ runId }) => runId === "r1");

  assert.deepEqual([runs.has("r1"), runs.has("r2")], [false, true]);
});

for (const [wire, shown] of [
  ["Error: no key", "No key."],
  ["is it there?", "Is it there?"],
  ["one moment…", "One moment…"],
  [undefined, "The reply failed."],
] as const)
  test(`${wire} is shown as “${shown}”`, () => assert.equal(sentence(wire), shown));
