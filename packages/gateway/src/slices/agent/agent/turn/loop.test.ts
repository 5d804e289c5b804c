import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolResult } from "../../../../kit/tool.ts";
import type { ModelMessage, ModelStep } from "../../models/port.ts";
import type { ToolRequest } from "../toolbox/toolbox.ts";
import { type LoopPorts, loop, type RunStep } from "./loop.ts";

const text = (delta: string): ModelStep => ({ kind: "text", delta });
const call = (name: string, callId = name, args: unknown = {}): ModelStep => ({
  ...{ kind: "tool-call", callId, name, args },
  raw: JSON.stringify(args),
});
const finish: ModelStep = { kind: "finish", reason: "stop" };

interface Stage {
  /** What the model says, turn by turn; a function may throw. */
  readonly turns: readonly (readonly ModelStep[] | (() => never))[];
  readonly tools?: Readonly<Record<string, (update: (text: string) => void) => ToolResult | Promise<ToolResult>>>;
  readonly changing?: readonly string[];
  readonly steered?: string[][];
  readonly maxTurns?: number;
  readonly shorter?: readonly ModelMessage[];
}

/** A loop over a scripted model; what it kept, asked and yielded. */
function stage({ turns, tools = {}, changing = [], steered = [], maxTurns = 10, shorter }: Stage) {
  const asked: (readonly ModelMessage[])[] = [];
  const kept: string[] = [];
  const controller = new AbortController();
  const names = new Set<string>();
  let turn = 0;
  const ports: LoopPorts = {
    signal: controller.signal,
    maxTurns,
    async *ask(messages) {
      asked.push(messages);
      const script = turns[Math.min(turn++, turns.length - 1)]!;
      yield* typeof script === "function" ? script() : script;
    },
    shrink: async () => shorter,
    nameCall(callId) {
      const name = names.has(callId) ? `${callId}-again` : callId;
      names.add(name);
      return name;
    },
    changes: ({ name }) => changing.includes(name),
    call: async ({ name }, update) => (await tools[name]?.(update)) ?? { text: `${name} done` },
    keepTurn: ({ content }) => void kept.push(`turn ${content.map(({ kind }) => kind).join(" ")}`),
    keepResult: ({ callId }, { text: said }) => void kept.push(`${callId}: ${said}`),
    told: (_call, said) => said,
    isSteered: () => (steered[0] ?? []).length > 0,
    steered: () => (steered.shift() ?? []).map((said) => ({ role: "user", content: [{ kind: "text", text: said }] })),
    now: () => 0,
  };
  return { ports, asked, kept, controller };
}

async function stepsOf(steps: AsyncIterable<RunStep>): Promise<string[]> {
  const seen: string[] = [];
  for await (const step of steps) {
    if (step.kind === "text") seen.push(`text ${step.delta}`);
    else if (step.kind === "tool-update") seen.push(`tool-update ${step.call.callId} ${step.text}`);
    else if (step.kind === "tool-result") seen.push(`tool-result ${step.call.callId} ${step.result.text}`);
    else if (step.kind === "tool-start") seen.push(`tool-start ${step.call.callId}`);
    else if (step.kind === "note") seen.push(`note ${step.text}`);
    else seen.push(step.kind);
  }
  return seen;
}

const question: ModelMessage[] = [{ role: "user", content: [{ kind: "text", text: "Do it." }] }];

test("a reply without calls is the last word", async () => {
  const { ports, kept } = stage({ turns: [[text("Done."), finish]] });

  assert.deepEqual(await stepsOf(loop(ports, question)), ["text Done.", "finish"]);
  assert.deepEqual(kept, []);
});

test("calls are kept before they run, their answers before the model sees them", async () => {
  const { ports, kept, asked } = stage({ turns: [[text("Let me look."), call("read")], [text("It says x.")]] });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(steps, [
    "text Let me look.",
    "tool-call",
    "turn-end",
    "tool-start read",
    "tool-result read read done",
    "text It says x.",
  ]);
  assert.deepEqual(kept, ["turn text tool-call", "read: read done"]);
  assert.deepEqual(asked[1]?.slice(1), [
    {
      role: "assistant",
      content: [
        { kind: "text", text: "Let me look." },
        { kind: "tool-call", callId: "read", name: "read", args: {} },
      ],
    },
    { role: "tool", replies: [{ callId: "read", name: "read", text: "read done", isError: false }] },
  ]);
});

test("calls that change nothing run side by side, and are answered in the order of the calls", async () => {
  const slow = Promise.withResolvers<ToolResult>();
  const { ports, asked } = stage({
    turns: [[call("slow"), call("quick")], [text("Both.")]],
    tools: {
      slow: () => slow.promise,
      quick: () => {
        slow.resolve({ text: "slow after quick" });
        return { text: "quick first" };
      },
    },
  });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(steps.slice(3, 5), ["tool-start slow", "tool-start quick"]);
  const last = asked[1]?.at(-1);
  assert.deepEqual(last?.role === "tool" && last.replies.map(({ text: said }) => said), [
    "slow after quick",
    "quick first",
  ]);
});

test("a call that changes something runs alone and in its place", async () => {
  const running = new Set<string>();
  const alone: boolean[] = [];
  const tool = (name: string) => async () => {
    running.add(name);
    await new Promise((resolve) => setImmediate(resolve));
    if (name === "write") alone.push(running.size === 1);
    running.delete(name);
    return { text: name };
  };
  const { ports, kept } = stage({
    turns: [[call("a"), call("write"), call("b"), call("c")], [text("Ready.")]],
    changing: ["write"],
    tools: { a: tool("a"), write: tool("write"), b: tool("b"), c: tool("c") },
  });

  await stepsOf(loop(ports, question));

  assert.deepEqual(alone, [true]);
  assert.deepEqual(kept.slice(1), ["a: a", "write: write", "b: b", "c: c"]);
});

test("progress of a tool is told while it works", async () => {
  const { ports } = stage({
    turns: [[call("build")], [text("Built.")]],
    tools: {
      build: (update) => {
        update("half");
        return { text: "whole" };
      },
    },
  });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(steps.slice(2, 5), ["tool-start build", "tool-update build half", "tool-result build whole"]);
});

test("an id that a model uses again gets another name", async () => {
  const { ports } = stage({ turns: [[call("read", "call_1")], [call("read", "call_1")], [text("Twice.")]] });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(
    steps.filter((step) => step.startsWith("tool-start")),
    ["tool-start call_1", "tool-start call_1-again"],
  );
});

test("what people say meanwhile is heard after the tools, and even after the last word", async () => {
  const { ports, asked } = stage({
    turns: [[call("read")], [text("Done.")], [text("In blue.")]],
    steered: [["faster"], ["in blue"]],
  });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(steps.slice(-3), ["text Done.", "turn-end", "text In blue."]);
  assert.deepEqual(
    asked.map((messages) => messages.length),
    [1, 4, 6],
  );
});

test("calls that an earlier attempt left are made first, beside the answers that it got", async () => {
  const { ports, asked, kept } = stage({ turns: [[text("Taken up.")]] });
  const before: ModelMessage[] = [
    ...question,
    {
      role: "assistant",
      content: [
        { kind: "tool-call", callId: "a", name: "read", args: {} },
        { kind: "tool-call", callId: "b", name: "list", args: {} },
      ],
    },
    { role: "tool", replies: [{ callId: "a", name: "read", text: "x", isError: false }] },
  ];
  const left: ToolRequest = { callId: "b", name: "list", args: {}, raw: "{}" };

  await stepsOf(loop(ports, before, [left]));

  assert.deepEqual(kept, ["b: list done"]);
  const last = asked[0]?.at(-1);
  assert.deepEqual(last?.role === "tool" && last.replies.map(({ callId }) => callId), ["a", "b"]);
});

test("a run that goes on and on is stopped in words", async () => {
  const { ports } = stage({ turns: [[call("read")]], maxTurns: 3 });

  const steps = await stepsOf(loop(ports, question));

  assert.deepEqual(steps.slice(-2), ["note Stopped after 3 turns; say “go on” to continue.", "finish"]);
});

test("a run that fails in the same way again and again is stopped in words", async () => {
  const { ports, asked } = stage({
    turns: [[call("read")]],
    maxTurns: 50,
    tools: { read: () => ({ text: "no such file", isError: true }) },
  });

  const steps = await stepsOf(loop(ports, question));

  assert.equal(asked.length, 4);
  assert.equal(steps.at(-2), "note Stopped after 4 failures of the same call; say “go on” to continue.");
});

test("a conversation that the model finds too long is asked again in a shorter form", async () => {
  const shorter: ModelMessage[] = [{ role: "user", content: [{ kind: "text", text: "In short: do it." }] }];
  const tooLong = () => {
    throw new Error("too long");
  };
  const { ports, asked } = stage({ turns: [tooLong, [text("Done.")]], shorter });

  assert.deepEqual(await stepsOf(loop(ports, question)), ["text Done."]);
  assert.deepEqual(asked, [question, shorter]);
});

test("an error that cannot be helped ends the loop", async () => {
  const { ports } = stage({
    turns: [
      () => {
        throw new Error("overloaded");
      },
    ],
  });

  await assert.rejects(stepsOf(loop(ports, question)), { message: "overloaded" });
});

test("an abort between two calls keeps nothing more", async () => {
  const { ports, kept, controller } = stage({
    turns: [[call("a"), call("b")]],
    changing: ["a", "b"],
    tools: {
      a: () => {
        controller.abort(new Error("stopped"));
        return { text: "late" };
      },
    },
  });

  await assert.rejects(stepsOf(loop(ports, question)), { message: "stopped" });
  assert.deepEqual(kept, ["turn tool-call tool-call"]);
});
