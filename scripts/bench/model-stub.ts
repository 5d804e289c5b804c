/**
 * A model provider for the benchmark, as cheap as it can be: every chunk is made once. What it answers is in the
 * last message of the question: "tokens 1000", "tokens 200 every 10" (ms), "tokens 1000 paced 5000" (a second), "tools 20"
 * (so many calls, then a word).
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const event = (delta: object, finish: string | null = null, extra: object = {}) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "fake-model", choices: [{ index: 0, delta, finish_reason: finish }], ...extra })}\n\n`;

const START = event({ role: "assistant", content: "" });
const USAGE = { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } };
const END = `${event({}, "stop", USAGE)}data: [DONE]\n\n`;
const CALLED = `${event({}, "tool_calls", USAGE)}data: [DONE]\n\n`;
const TOKENS = Array.from({ length: 1_000 }, (_, index) => event({ content: `token${index} ` }));

interface Question {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
}

const server = createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  await answer(JSON.parse(text) as Question, response);
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1\n`);
});

async function answer({ messages }: Question, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(START);
  const asked = messages.findLast(({ role }) => role === "user")?.content;
  const wish = /(tokens|tools) (\d+)(?: every (\d+))?(?: paced (\d+))?/.exec(
    typeof asked === "string" ? asked : JSON.stringify(asked),
  );
  const [, kind = "tokens", count = "4", every = "0", paced] = wish ?? [];
  if (kind === "tools") return void response.end(callOrWord(messages, Number(count)));
  if (paced !== undefined) return await pace(response, Number(count), Number(paced));
  for (let index = 0; index < Number(count); index++) {
    response.write(TOKENS[index % TOKENS.length]);
    if (every !== "0") await sleep(Number(every));
  }
  response.end(END);
}

/** Writes so many tokens a second, each by itself when its time has come. */
async function pace(response: ServerResponse, count: number, perSecond: number): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; index < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; index < due; index++) response.write(TOKENS[index % TOKENS.length]);
    await sleep(1);
  }
  response.end(END);
}

/** The next call, or the last word when enough calls have been answered since the question. */
function callOrWord(messages: Question["messages"], count: number): string {
  const since = messages.slice(messages.findLastIndex(({ role }) => role === "user"));
  const answered = since.filter(({ role }) => role === "tool").length;
  if (answered >= count) return event({ content: "Done." }) + END;
  const call = {
    index: 0,
    id: `call_${answered}`,
    type: "function",
    function: { name: "sessions_list", arguments: '{"limit":1}' },
  };
  return event({ tool_calls: [call] }) + CALLED;
}
