/** The tokens of one call: as the provider reports them, else estimated from the length of the texts. */
import { tokensIn } from "../../../kit/text/tokens.ts";
import type { ModelMessage, ModelPart, ModelRequest, ModelStep, Usage } from "../models/port.ts";
import type { Price } from "../models/providers/providers.ts";

/** Tokens in four disjoint parts. */
export interface Tokens {
  /** Neither read from a cache nor written to it. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** What one call took. */
export interface Count extends Tokens {
  /** Whether it is estimated from the length of the texts, because the provider reported nothing. */
  readonly isEstimate: boolean;
}

const CHARS_PER_TOKEN = 4;
const IMAGE_TOKENS = 1_600;

/** Listens to one model's answer. */
export class CallCounter {
  readonly #request: ModelRequest;
  #tokens = 0;
  #said = false;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  /** What the call took, as soon as the provider says so. */
  take(step: ModelStep): Count | undefined {
    if (step.kind === "text" || step.kind === "reasoning") this.#hear(tokensOfText(step.delta));
    else if (step.kind === "tool-call") this.#hear(tokensOfText(step.raw + step.name));
    if (step.kind !== "usage") return undefined;
    const { input, output, totalTokens } = step.usage;
    // Many servers at home report zeros.
    if (this.#said && input + output + totalTokens === 0) return this.#estimate();
    return { ...tokensOf(step.usage), isEstimate: false };
  }

  /** The tokens of a call that ended without a report; undefined when the provider refused it, which costs nothing. */
  unreported(isAborted: boolean): Count | undefined {
    return this.#said || isAborted ? this.#estimate() : undefined;
  }

  #hear(tokens: number): void {
    this.#said = true;
    this.#tokens += tokens;
  }

  #estimate(): Count {
    const { system, messages, tools = [] } = this.#request;
    const offered = tools.length > 0 ? tokensOfText(JSON.stringify(tools)) : 0;
    const asked = tokensOfText(system) + sum(messages.map(tokensOfMessage)) + offered;
    return {
      input: Math.ceil(asked),
      output: Math.ceil(this.#tokens),
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

function tokensOfText(text: string): number {
  return tokensIn(text, CHARS_PER_TOKEN);
}

function tokensOfMessage(message: ModelMessage): number {
  if (message.role !== "tool") return sum(message.content.map(tokensOfPart));
  return sum(message.replies.map(({ text, images = [] }) => tokensOfText(text) + images.length * IMAGE_TOKENS));
}

function tokensOfPart(part: ModelPart): number {
  if (part.kind === "image") return IMAGE_TOKENS;
  return tokensOfText(part.kind === "tool-call" ? part.name + JSON.stringify(part.args ?? {}) : part.text);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
