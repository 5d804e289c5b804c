import assert from "node:assert/strict";
import { test } from "node:test";
import { type ResponsesRequest, readResponsesRequest } from "./responses-input.ts";

const said = (role: "user" | "assistant", text: string) => ({ role, text, files: [] });

/** A request that says nothing but "Hello", with what is different in it. */
function expected(more: Partial<ResponsesRequest> = {}): ResponsesRequest {
  return {
    model: "moltbot",
    conversation: { instructions: "", earlier: [], message: said("user", "Hello"), results: [] },
    stream: false,
    thinking: undefined,
    user: undefined,
    previous: undefined,
    metadata: {},
    ...more,
  };
}

const OPTIONS: readonly [about: string, body: Record<string, unknown>, more: Partial<ResponsesRequest>][] = [
  ["without options has the usual ones", {}, {}],
  ["names its model", { model: "moltbot:ops" }, { model: "moltbot:ops" }],
  ["asks for a stream", { stream: true }, { stream: true }],
  ["names its effort", { reasoning: { effort: "high" } }, { thinking: "high" }],
  ["with a reasoning that is no object names no effort", { reasoning: "high" }, {}],
  ["names its user", { user: "ada" }, { user: "ada" }],
  ["goes on from an earlier response", { previous_response_id: "resp_1" }, { previous: "resp_1" }],
  ["has facts of its own", { metadata: { a: "b" } }, { metadata: { a: "b" } }],
  ["with facts that are no object has none", { metadata: "a" }, {}],
  ["that may not wait is taken", { background: false }, {}],
];
for (const [about, body, more] of OPTIONS) {
  test(`a request ${about}`, () => {
    assert.deepEqual(readResponsesRequest({ input: "Hello", ...body }), expected(more));
  });
}

test("items become instructions, earlier turns, results of tools and the message to answer", () => {
  const input = [
    { role: "system", content: "Be brief." },
    { type: "message", role: "user", content: "What is the weather?" },
    { type: "reasoning", summary: [] },
    { type: "function_call", call_id: "call_1", name: "weather", arguments: "{}" },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "I shall look." }] },
    { type: "function_call_output", call_id: "call_1", output: "21 degrees" },
    { type: "function_call_output", call_id: "call_2", output: { wind: 0 } },
    { type: "function_call_output" },
    { role: "developer", content: "Use Celsius." },
    { role: "user", content: [{ type: "input_text", text: "Hello" }] },
  ];

  const { conversation } = readResponsesRequest({ input, instructions: "Answer in verse." });

  assert.deepEqual(conversation, {
    instructions: "Answer in verse.\n\nBe brief.\n\nUse Celsius.",
    earlier: [said("user", "What is the weather?"), said("assistant", "I shall look.")],
    message: said("user", "Hello"),
    results: [
      { ...said("user", "21 degrees"), tool: "call_1" },
      { ...said("user", '{"wind":0}'), tool: "call_2" },
      { ...said("user", "null"), tool: "of the caller" },
    ],
  });
});

const REFUSED: readonly [about: string, body: Record<string, unknown>, message: string][] = [
  ["no input", {}, "Missing user message in `input`."],
  ["blank input", { input: " " }, "Missing user message in `input`."],
  [
    "input of an assistant alone",
    { input: [{ role: "assistant", content: "Hi" }] },
    "Missing user message in `input`.",
  ],
  ["an answer for later", { input: "Hello", background: true }, "Answers come at once; leave `background` out."],
  [
    "a format that agents do not promise",
    { input: "Hello", text: { format: { type: "json_schema" } } },
    "Agents answer in text; ask for JSON in the message and leave `response_format` out.",
  ],
  ["an item that is none", { input: ["Hello"] }, "input[0] must be an object."],
  ["an item of another type", { input: [{ type: "computer_call" }] }, "input[0] is of a type that agents do not take."],
  [
    "a role that nobody has",
    {
      input: [
        { role: "user", content: "Hello" },
        { role: "tool", content: "Hm" },
      ],
    },
    "input[1].role must be system, developer, user or assistant.",
  ],
];
for (const [about, body, message] of REFUSED) {
  test(`a request with ${about} is refused`, () => {
    assert.throws(
      () => readResponsesRequest(body),
      (error: { status?: number; body?: { error: { message: string } } }) => {
        assert.deepEqual([error.status, error.body?.error.message], [400, message]);
        return true;
      },
    );
  });
}
