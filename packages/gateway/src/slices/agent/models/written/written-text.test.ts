// What models write as text is read in time linear in its length, whatever it is made of.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cpuMsOf, longestTurnMs } from "../../../../../../../test/support/cpu-time.ts";
import type { ModelMessage, ModelRequest, ToolSpec } from "../port.ts";
import { checkedSteps, type RawStep } from "../sdk/answer.ts";
import { OutputParser } from "./output-parser.ts";
import { pythonCalls } from "./python-calls.ts";
import { callsIn, callsThatAre } from "./written-calls.ts";

const TOOLS: ToolSpec[] = [{ name: "read", description: "", parameters: { type: "object", properties: { a: {} } } }];

/** Reads an answer as runs do, and returns what is shown of it in the end. `chunk` is the size of its pieces. */
async function shown(
  text: string,
  { messages = [], chunk = text.length }: { messages?: ModelMessage[]; chunk?: number } = {},
) {
  const model = { ref: "fake/m", provider: { label: "Fake" } };
  const request = { model, tools: TOOLS, messages, system: "", hasSpoken: true } as unknown as ModelRequest;
  const quirks = { thinksUnmarked: () => false, noteUnmarked: () => {} };
  let said = "";
  for await (const step of checkedSteps(stepsOf(text, Math.max(1, chunk)), request, quirks)) {
    if (step.kind === "text") said += step.delta;
    if (step.kind === "taken-back") said = "";
  }
  return said.trim();
}

async function* stepsOf(text: string, chunk: number): AsyncGenerator<RawStep> {
  for (let at = 0; at < text.length; at += chunk) yield { kind: "text", delta: text.slice(at, at + chunk) };
  yield { kind: "end", unified: "stop", raw: "stop" };
}

const FENCE = "```";

/** Each took seconds to hours when marks were looked for from the beginning again. */
const HOSTILE: Readonly<Record<string, string>> = {
  "a fence that is not closed, and blanks": `<tool_call>${FENCE}${" ".repeat(100_000)}x</tool_call>`,
  "a fence that is not closed, and line ends": `${FENCE}json\n{"name": "read",${"\n".repeat(19_000)}x`,
  "marks in a quotation": `> ${"<think>".repeat(100_000)}`,
  "marks in code": `a \`${"</think>".repeat(100_000)}`,
  "marks between backticks": "a `b` <think></think>".repeat(40_000),
  backticks: "`".repeat(700_000),
  "fences and marks": `${FENCE}<think>`.repeat(60_000),
  "parameters that do not end": `<function=x>${"<parameter=a>".repeat(15_000)}`,
  "named parameters that do not end": `<invoke name="x">${'<parameter name="a">'.repeat(9_000)}`,
  "functions that do not end": "<function=x>".repeat(60_000),
  "keys that do not end": `<tool_call>x${"<arg_key>".repeat(22_000)}</tool_call>`,
  "keys without values": `<tool_call>x<arg_key>${"</arg_key><arg_key>".repeat(10_000)}</tool_call>`,
  "a name and blanks": `<tool_call>x${" ".repeat(190_000)}y</tool_call>`,
  "objects and line ends": `<tool_call>{}${"\n".repeat(190_000)}x</tool_call>`,
  "many objects that are none": `<tool_call>${"{}\n".repeat(60_000)}</tool_call>`,
  "an object that does not end": `<tool_call>${'{"a":"\\"'.repeat(20_000)}</tool_call>`,
  "lists within lists": `<tool_call>{"name":"read","arguments":{"a":${"[".repeat(90_000)}${"]".repeat(90_000)}}}</tool_call>`,
  "openings of marks and blanks": `<${" ".repeat(100)}`.repeat(7_000),
  headers: "<|start|>".repeat(80_000),
  channels: "<|channel|>analysis<|message|>".repeat(25_000),
  sections: "<|tool_calls_section_begin|>".repeat(25_000),
  "calls of DeepSeek": `<｜tool▁calls▁begin｜>${"<｜tool▁call▁begin｜>".repeat(10_000)}`,
  "many calls": "<tool_call>{}</tool_call>".repeat(28_000),
  "code of tools": `${FENCE}tool_code\n`.repeat(40_000),
  "ends of thoughts": "a </think> ".repeat(60_000),
  "thoughts between lines": "x\n<think>y</think>\n".repeat(35_000),
  blanks: `a${" ".repeat(700_000)}b`,
};

describe("an answer does not hold the gateway with", () => {
  for (const [what, text] of Object.entries(HOSTILE)) {
    test(what, async () => {
      const ms = await longestTurnMs(() => shown(text));

      assert.ok(ms < 1_500, `${ms} ms for ${text.length} characters`);
    });
  }

  test("a call that repeats itself as the conversation does", async () => {
    const messages: ModelMessage[] = [{ role: "user", content: [{ kind: "text", text: "a".repeat(500_000) }] }];
    const text = `So. ${`<tool_call>b${"a".repeat(100_000)}</tool_call>`.repeat(3)}`;

    const ms = await longestTurnMs(() => shown(text, { messages }));

    assert.ok(ms < 1_500, `${ms} ms`);
  });
});

/** What marks are made of, and what may stand between them. */
const ALPHABET = [
  ..."<tool_call>|</tool_call>|<function=x>|</function>|<parameter=a>|</parameter>|<arg_key>|</arg_key>|<arg_value>".split(
    "|",
  ),
  ...'<think> </think> </ [THINK] [TOOL_CALLS] [ARGS] <invoke <| <minimax:tool_call> {} {"name": print( ( ) [ ] \''.split(
    " ",
  ),
  ...["<|channel|>", "<|start|>assistant", "<|message|>", "<|end|>", "analysis", " to=functions.x", "<|call|>"],
  ...["<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<|tool_call_end|>", '<invoke name="x">', '<parameter name="a">'],
  ...[FENCE, "tool_code\n", "json\n", "`", ">", "<", "{", "}", '"', "\\", ",", "=", "#", "x", "1", " ", "\n", "\t"],
];
const word = fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));

test("whatever is repeated, behind whatever begins it, is read in time linear in its length", () => {
  fc.assert(
    fc.property(word, word, word, (beginning, repeated, end) => {
      const text = `${beginning}${repeated.repeat(Math.ceil(40_000 / repeated.length))}${end}`;

      const ms = cpuMsOf(() => {
        for (const read of [callsIn, callsThatAre]) read(text, TOOLS);
        pythonCalls(text);
        const said = new OutputParser();
        for (const _ of said.take(text));
        for (const _ of said.end());
      });

      assert.ok(ms < 1_000, `${ms} ms for ${JSON.stringify([beginning, repeated, end])}`);
    }),
    { numRuns: 150 },
  );
});

test("however an answer is cut into pieces, the same of it is shown", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), async (words, chunk) => {
      const text = words.join("");

      assert.equal(await shown(text, { chunk }), await shown(text));
    }),
    { numRuns: 150 },
  );
});
