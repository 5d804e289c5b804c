/** What real providers refuse in a request: each rule that a request breaks, as a sentence. */
import type { SeenRequest } from "../fakes/model-server.ts";

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const LONE_SURROGATE = /\\ud[89a-f][0-9a-f]{2}/i;

interface Call {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

interface Said {
  readonly role: string;
  readonly texts: readonly string[];
  readonly calls: readonly Call[];
  readonly answers: readonly string[];
}

/** The rules that the requests of a fake break, OpenAI's and Anthropic's alike; none when a real provider takes them. */
export function brokenRules(requests: readonly SeenRequest[]): string[] {
  return [...new Set(requests.flatMap(({ body }) => brokenBy(body)))];
}

function brokenBy(body: SeenRequest["body"]): string[] {
  const isAnthropic = !(body.messages as { role: string }[]).some(({ role }) => role === "tool" || role === "system");
  const said = (body.messages as Record<string, unknown>[]).map(isAnthropic ? ofAnthropic : ofOpenAI);
  const talk = said.filter(({ role }) => role !== "system");
  const calls = talk.flatMap((each) => each.calls);
  const broken = [
    talk[0]?.role === "user" || "the first message is a person's",
    talk.at(-1)?.role !== "assistant" || "the last message is not the assistant's",
    calls.every(({ name }) => NAME.test(name)) || "names of tools are letters, digits, _ and -",
    calls.every(({ input }) => typeof input === "object" && input !== null && !Array.isArray(input)) ||
      "arguments are an object",
    new Set(calls.map(({ id }) => id)).size === calls.length || "ids of calls are unique",
    !LONE_SURROGATE.test(JSON.stringify(body)) || "text is well-formed",
    !isAnthropic || talk.every(({ texts }) => texts.every((text) => text.trim() !== "")) || "texts are not blank",
    answersFollow(talk) || "each call is answered right behind it, and nothing else is",
  ];
  return broken.filter((each) => each !== true);
}

function answersFollow(talk: readonly Said[]): boolean {
  const answered: string[] = [];
  for (let at = 0; at < talk.length; at++) {
    const { calls, answers } = talk[at]!;
    if (calls.length > 0) {
      const wanted = new Set(calls.map(({ id }) => id));
      const given: string[] = [];
      for (let next = at + 1; talk[next] && talk[next]!.answers.length > 0; next++) given.push(...talk[next]!.answers);
      if (given.length !== wanted.size || given.some((id) => !wanted.has(id))) return false;
      answered.push(...given);
    } else if (answers.length > 0 && !answers.every((id) => answered.includes(id))) return false;
  }
  return true;
}

function ofOpenAI(message: Record<string, unknown>): Said {
  const {
    role,
    content,
    tool_calls: calls = [],
    tool_call_id: id,
  } = message as {
    role: string;
    content: string | { text?: string }[] | null;
    tool_calls?: { id: string; function: { name: string; arguments: string } }[];
    tool_call_id?: string;
  };
  const texts = typeof content === "string" ? [content] : (content ?? []).flatMap(({ text }) => text ?? []);
  return {
    role,
    texts,
    calls: calls.map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments) as unknown,
    })),
    answers: id === undefined ? [] : [id],
  };
}

function ofAnthropic(message: Record<string, unknown>): Said {
  const { role, content } = message as { role: string; content: string | Record<string, unknown>[] };
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : content;
  const of = (type: string) => parts.filter((part) => part.type === type) as Record<string, never>[];
  return {
    role,
    texts: of("text").map(({ text }) => text!),
    calls: of("tool_use").map(({ id, name, input }) => ({ id: id!, name: name!, input })),
    answers: of("tool_result").map(({ tool_use_id }) => tool_use_id!),
  };
}
