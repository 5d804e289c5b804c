/** What a model is, and who hosts it. */

/** The wire formats, one name each. */
export type Api = "openai-compatible" | "openai" | "anthropic" | "google";

/** US dollars for a million tokens. What a cache costs is the price of input when it is not said. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** A model as it is offered. */
export interface ModelChoice {
  readonly id: string;
  readonly name: string;
  /** In tokens, for questions and answer together. */
  readonly contextWindow?: number | undefined;
  readonly reasoning?: boolean | undefined;
  /** The longest answer, in tokens. */
  readonly maxTokens?: number | undefined;
  /** What it takes; not known when absent. */
  readonly input?: readonly ("text" | "image")[] | undefined;
  /** Whether it calls tools; not known when absent. */
  readonly tools?: boolean | undefined;
  readonly cost?: Price | undefined;
}

/** Who hosts models, and how to reach them. */
export interface Provider {
  readonly id: string;
  readonly label: string;
  readonly api: Api;
  readonly baseUrl: string;
  /** The first of its keys. */
  readonly apiKey?: string | undefined;
  /** All of its keys, where there are several. */
  readonly apiKeys?: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** How long it may be silent while it answers; two minutes by default. */
  readonly stallMs?: number | undefined;
  /** The models that are known by name; others can be asked for too. */
  readonly models: readonly ModelChoice[];
  /** `found` ones run on this machine and are offered, never used unasked. */
  readonly origin: "config" | "environment" | "found";
  /** Which setting keeps it from being asked, and why, as a sentence. */
  readonly problem?: string | undefined;
}

/** A model that can be asked: its provider, and its id there. */
export interface Model extends ModelChoice {
  /** `provider/id`, as settings and people write it. */
  readonly ref: string;
  readonly provider: Provider;
}
