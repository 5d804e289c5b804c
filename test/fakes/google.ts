/** A model provider that speaks Google's generateContent. */
import { type Encoding, ModelServer } from "./model-server.ts";

const event = (data: object) => `data: ${JSON.stringify(data)}\r\n\r\n`;

const usage = (tokens: number) => ({
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: tokens, totalTokenCount: tokens + 7 },
});

const part = (content: object, finishReason?: string, tokens = 0) =>
  event({
    candidates: [{ content: { role: "model", parts: [content] }, index: 0, ...(finishReason && { finishReason }) }],
    ...usage(tokens),
  });

const encoding: Encoding = {
  start: () => "",
  token: (text) => part({ text }),
  toolCall: (name, args) => part({ functionCall: { name, args } }, "STOP", 5),
  turn({ reasoning, signature, text, calls, usage: { input, output, cacheRead } }) {
    const broken = calls.some(({ raw }) => !isJson(raw));
    const parts = [
      ...(reasoning === "" ? [] : [{ text: reasoning, thought: true }]),
      ...(text === "" ? [] : [{ text }]),
      ...calls
        .filter(({ raw }) => isJson(raw))
        .map(({ name, raw }, index) => ({
          functionCall: { name, args: JSON.parse(raw) as unknown },
          ...(signature !== undefined && index === 0 && { thoughtSignature: signature }),
        })),
    ];
    return event({
      candidates: [
        { content: { role: "model", parts }, index: 0, finishReason: broken ? "MALFORMED_FUNCTION_CALL" : "STOP" },
      ],
      usageMetadata: {
        promptTokenCount: input,
        cachedContentTokenCount: cacheRead,
        candidatesTokenCount: output,
        totalTokenCount: input + output,
      },
    });
  },
  refusal: (text) => part({ text }, "SAFETY", 3),
  error: (message) => event({ error: { code: 503, message, status: "UNAVAILABLE" } }),
  end: (tokens) => part({ text: "" }, "STOP", tokens),
  failure: (status, message) => ({ error: { code: status, message, status: "ERROR" } }),
  tooLong: () => ({
    status: 400,
    body: {
      error: {
        code: 400,
        message: "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        status: "INVALID_ARGUMENT",
      },
    },
  }),
};

/** Arguments are JSON on this provider's wire; what a model wrote badly does not get through. */
function isJson(raw: string): boolean {
  try {
    JSON.parse(raw);
    return true;
  } catch {
    return false;
  }
}

/** Starts the fake; the caller disposes it. */
export async function fakeGoogle(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
