/** What one call took: from what the provider says, or, when it says nothing, from the length of what was said. */
import type { ModelMessage, ModelPart, ModelRequest, ModelStep, Usage } from "../models/port.ts";
import type { Price } from "../models/providers.ts";

/** Tokens in four heaps that add up. */
export interface Tokens {
  /** Neither read from a cache nor written to it. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** What one call took. */
export interface Count extends Tokens {
  /** Nobody reported it: it is reckoned from the length of the texts. */
  readonly isEstimate: boolean;
}

const CHARS_PER_TOKEN = 4;
const IMAGE_TOKENS = 1_600;

/** Listens to one model's answer. */
export class CallCounter {
  readonly #request: ModelRequest;
  #chars = 0;
  #said = false;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  /** What the call took, as soon as the provider says so. */
  take(step: ModelStep): Count | undefined {
    if (step.kind === "text" || step.kind === "reasoning") this.#hear(step.delta.length);
    else if (step.kind === "tool-call") this.#hear(step.raw.length + step.name.length);
    if (step.kind !== "usage") return undefined;
    const { input, output, totalTokens } = step.usage;
    // Many servers at home report zeros.
    if (this.#said && input + output + totalTokens === 0) return this.#estimate();
    return { ...tokensOf(step.usage), isEstimate: false };
  }

  /** What a call took that ended without a report; undefined when the provider refused it, which costs nothing. */
  unreported(isAborted: boolean): Count | undefined {
    return this.#said || isAborted ? this.#estimate() : undefined;
  }

  #hear(chars: number): void {
    this.#said = true;
    this.#chars += chars;
  }

  #estimate(): Count {
    const { system, messages, tools = [] } = this.#request;
    const asked = system.length + sum(messages.map(charsOf)) + (tools.length > 0 ? JSON.stringify(tools).length : 0);
    return {
      input: Math.ceil(asked / CHARS_PER_TOKEN),
      output: Math.ceil(this.#chars / CHARS_PER_TOKEN),
      cacheRead: 0,
      cacheWrite: 0,
      isEstimate: true,
    };
  }
}

/** A provider's usage in heaps that add up: its input counts what the cache had a part in. */
export function tokensOf({ input, output, cacheRead = 0, cacheWrite = 0 }: Usage): Tokens {
  return { input: Math.max(0, input - cacheRead - cacheWrite), output, cacheRead, cacheWrite };
}

/** All heaps together. */
export function totalOf({ input, output, cacheRead, cacheWrite }: Tokens): number {
  return input + output + cacheRead + cacheWrite;
}

/** Millionths of a dollar. Where a price list has no price for the cache, that of the input counts. */
export function costOf(tokens: Tokens, price: Price): number {
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  return Math.ceil(
    tokens.input * input + tokens.output * output + tokens.cacheRead * cacheRead + tokens.cacheWrite * cacheWrite,
  );
}

function charsOf(message: ModelMessage): number {
  if (message.role !== "tool") return sum(message.content.map(charsOfPart));
  return sum(
    message.replies.map(({ text, images = [] }) => text.length + images.length * IMAGE_TOKENS * CHARS_PER_TOKEN),
  );
}

function charsOfPart(part: ModelPart): number {
  if (part.kind === "image") return IMAGE_TOKENS * CHARS_PER_TOKEN;
  return part.kind === "tool-call" ? part.name.length + JSON.stringify(part.args ?? {}).length : part.text.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
