import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChatRequest, readChatRequest } from "./chat-input.ts";

const HELLO = { role: "user", content: "Hello" };
const said = (role: "user" | "assistant", text: string) => ({ role, text, files: [] });

/** A request that says nothing but "Hello", with what is different in it. */
function expected(more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "moltbot",
    conversation: { instructions: "", earlier: [], message: said("user", "Hello"), results: [] },
    stream: false,
    includeUsage: false,
    thinking: undefined,
    user: undefined,
    ...more,
  };
}

const OPTIONS: readonly [about: string, body: Record<string, unknown>, more: Partial<ChatRequest>][] = [
  ["without options has the usual ones", {}, {}],
  ["names its model", { model: "moltbot:ops" }, { model: "moltbot:ops" }],
  ["with a model that is no text has the usual one", { model: 4 }, {}],
  ["asks for a stream", { stream: true }, { stream: true }],
  ["asks for a stream by true alone", { stream: "true" }, {}],
  ["asks for the tokens in its stream", { stream_options: { include_usage: true } }, { includeUsage: true }],
  ["asks for one answer", { n: 1 }, {}],
  ["names its effort", { reasoning_effort: "none" }, { thinking: "off" }],
  ["names its user", { user: "ada" }, { user: "ada" }],
];
for (const [about, body, more] of OPTIONS) {
  test(`a request ${about}`, () => {
    assert.deepEqual(readChatRequest({ messages: [HELLO], ...body }), expected(more));
  });
}

test("messages become instructions, earlier turns, results of tools and the message to answer", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "What is the weather?" },
    { role: "assistant", content: "I shall look." },
    { role: "developer", content: [{ type: "text", text: "Use Celsius." }] },
    { role: "tool", name: "weather", content: "21 degrees" },
    { role: "function", content: "no wind" },
    HELLO,
  ];

  const { conversation } = readChatRequest({ messages });

  assert.deepEqual(conversation, {
    instructions: "Be brief.\n\nUse Celsius.",
    earlier: [said("user", "What is the weather?"), said("assistant", "I shall look.")],
    message: said("user", "Hello"),
    results: [
      { ...said("user", "21 degrees"), tool: "weather" },
      { ...said("user", "no wind"), tool: "of the caller" },
    ],
  });
});

const REFUSED: readonly [about: string, body: Record<string, unknown>, message: string][] = [
  ["no messages", {}, "Missing user message in `messages`."],
  ["messages that are no list", { messages: "Hello" }, "Missing user message in `messages`."],
  [
    "nothing that a person said",
    { messages: [{ role: "system", content: "Hi" }] },
    "Missing user message in `messages`.",
  ],
  ["several answers", { messages: [HELLO], n: 2 }, "An agent gives one answer; leave `n` out."],
  [
    "tools of its own",
    { messages: [HELLO], tools: [{ type: "function" }] },
    "Agents use the tools of their gateway, not the caller's; leave `tools` out.",
  ],
  ["a message that is none", { messages: [HELLO, "Hi"] }, "messages[1] must be an object with role and content."],
  [
    "a role that nobody has",
    { messages: [HELLO, { role: "critic", content: "Hm" }] },
    "messages[1].role must be system, developer, user, assistant or tool.",
  ],
  [
    "content of another kind",
    { messages: [{ role: "user", content: 7 }] },
    "messages[0].content must be a string or a list of parts.",
  ],
  [
    "an effort that there is not",
    { messages: [HELLO], reasoning_effort: "huge" },
    "The reasoning effort must be one of none, minimal, low, medium, high, xhigh.",
  ],
];
for (const [about, body, message] of REFUSED) {
  test(`a request with ${about} is refused`, () => {
    assert.throws(
      () => readChatRequest(body),
      (error: { status?: number; body?: { error: { message: string } } }) => {
        assert.deepEqual([error.status, error.body?.error.message], [400, message]);
        return true;
      },
    );
  });
}
