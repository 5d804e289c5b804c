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
  refusal: (text) => part({ text }, "SAFETY", 3),
  error: (message) => event({ error: { code: 503, message, status: "UNAVAILABLE" } }),
  end: (tokens) => part({ text: "" }, "STOP", tokens),
  failure: (status, message) => ({ error: { code: status, message, status: "ERROR" } }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeGoogle(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
