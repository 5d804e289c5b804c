/** Tries a model with real questions: whether it answers, calls a tool, sees a picture. */
import { crc32, deflateSync } from "node:zlib";
import type { Clock } from "../../../../base/time/clock.ts";
import { ModelError } from "../model-error.ts";
import type { ModelRequest, ModelStep, Usage } from "../port.ts";
import type { Model } from "./providers.ts";

/** What to try beside one answer. */
export interface TrialOptions {
  readonly tools?: boolean | undefined;
  readonly image?: boolean | undefined;
  /** For each question, ms; one minute by default, three on this machine. */
  readonly limitMs?: number;
  readonly signal: AbortSignal;
}

/** The result of a trial. */
export interface Trial {
  readonly reply: string;
  /** From the question to the end of the answer. */
  readonly latencyMs: number;
  /** To its first word. */
  readonly firstTokenMs: number;
  readonly usage?: Usage;
  readonly callsTools?: boolean;
  readonly seesImages?: boolean;
}

/** What a trial needs. */
export interface TrialPorts {
  readonly clock: Clock;
  stream(request: ModelRequest): AsyncIterable<ModelStep>;
}

const LIMIT_MS = 60_000;
/** A model on this machine may have to be loaded first. */
const LOCAL_LIMIT_MS = 180_000;
const TOOL = {
  name: "report_word",
  description: "Reports a word.",
  parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
};

/** Asks for one word, then what else is to be tried. Throws `ModelError` when the model does not answer at all. */
export async function tryModel(ports: TrialPorts, model: Model, options: TrialOptions): Promise<Trial> {
  const answer = await question(ports, model, options, { text: "Answer with the single word: ready" });
  const { tools, image } = options;
  return {
    ...answer,
    ...(tools && { callsTools: await can(() => callsTool(ports, model, options)) }),
    ...(image && { seesImages: await can(() => seesPicture(ports, model, options)) }),
  };
}

/** Whether a model calls the tool that it is told to call. */
export async function callsTool(ports: TrialPorts, model: Model, options: TrialOptions): Promise<boolean> {
  const text = 'Call the tool report_word with the word "ready". Do not answer in any other way.';
  return (await question(ports, model, options, { text, tools: [TOOL] })).called;
}

/** Whether a model tells the colour of a picture: one that nobody guesses. */
export async function seesPicture(ports: TrialPorts, model: Model, options: TrialOptions): Promise<boolean> {
  const picture = { kind: "image" as const, mimeType: "image/png", data: plainPicture([255, 0, 255]) };
  const text = "Which colour is this picture? Answer with one word.";
  return /magenta|fuchsia|pink|purple|violet/i.test((await question(ports, model, options, { text, picture })).reply);
}

/** A refused request is a result too: the model cannot do it. */
async function can(attempt: () => Promise<boolean>): Promise<boolean> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof ModelError && error.kind === "permanent") return false;
    throw error;
  }
}

async function question(
  { clock, stream }: TrialPorts,
  model: Model,
  { signal, limitMs = model.provider.origin === "found" ? LOCAL_LIMIT_MS : LIMIT_MS }: TrialOptions,
  { text, picture, tools }: { text: string; picture?: Picture; tools?: ModelRequest["tools"] },
): Promise<Trial & { readonly called: boolean }> {
  const limit = new AbortController();
  const late = new ModelError("temporary", `${model.ref} has not answered within ${limitMs / 1000} s.`);
  using _timer = clock.after(limitMs, () => limit.abort(late));
  const startedAt = clock.monotonic();
  let firstAt: number | undefined;
  let reply = "";
  let called = false;
  let usage: Usage | undefined;
  const content = [...(picture ? [picture] : []), { kind: "text" as const, text }];
  const either = AbortSignal.any([signal, limit.signal]);
  const request = { model, system: "", messages: [{ role: "user" as const, content }], tools, signal: either };
  for await (const step of stream(request)) {
    if (step.kind === "text" || step.kind === "reasoning" || step.kind === "tool-call") firstAt ??= clock.monotonic();
    if (step.kind === "text") reply += step.delta;
    if (step.kind === "taken-back") reply = "";
    if (step.kind === "tool-call") called ||= step.name === TOOL.name;
    if (step.kind === "usage") ({ usage } = step);
  }
  const endedAt = clock.monotonic();
  const latencyMs = Math.round(endedAt - startedAt);
  const firstTokenMs = Math.round((firstAt ?? endedAt) - startedAt);
  return { reply: reply.trim().slice(0, 500), latencyMs, firstTokenMs, called, ...(usage && { usage }) };
}

interface Picture {
  readonly kind: "image";
  readonly mimeType: string;
  readonly data: Uint8Array;
}

/** A PNG of one colour, large enough for models that look at tiles. */
function plainPicture(rgb: readonly [number, number, number], side = 64): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array.from({ length: side }, () => rgb).flat()]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
}
