/** Turns a provider's errors and broken connections into `ModelError`s whose texts say what to do. */
import { codeOf, messageOf, NEVER_REACHED } from "../../../../base/errors.ts";
import { jsonOr } from "../../../../base/json.ts";
import { proxyFor } from "../../../../base/net/proxy.ts";
import { shownAddress } from "../../../../kit/schema/keys-and-addresses.ts";
import { ModelError } from "../model-error.ts";
import { wordingOf } from "../written/wordings.ts";
import { clauseOf, readStart, retryAfterOf } from "./error-text.ts";

/** The subject of an error, for its message. */
export interface ErrorSubject {
  readonly id: string;
  readonly label: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
}

/** The error for a response that is not 2xx. Reads at most the first 64 KB of the body. */
export async function errorOfResponse(
  response: Response,
  provider: ErrorSubject,
  modelId: string,
): Promise<ModelError> {
  const { status, headers } = response;
  return errorOfStatus({ status, headers, body: await readStart(response) }, provider, modelId);
}

/** A failed response. */
interface Failure {
  readonly status: number;
  readonly headers: Headers;
  /** The first 64 KB of the answer. */
  readonly body: string;
}

function errorOfStatus({ status, headers, body }: Failure, provider: ErrorSubject, modelId: string): ModelError {
  const { label } = provider;
  const said = clauseOf(body, provider.apiKey);
  const isAboutPictures = isOfPictures(body);
  const worded = errorOfWords(body, said, provider, modelId);
  if (worded && status !== 401) return worded;
  const isForbidden = status === 403 && !/moderation|flagged|country|region|location/i.test(body);
  if (status === 401 || isForbidden) return badKey(provider);
  if (status === 402) return noCredit(provider, said);
  if (status === 404 || status === 410) return noModel(provider, modelId, said, isAboutPictures);
  if (status === 429) {
    const retryAfterMs = retryAfterOf(headers, body);
    const when = retryAfterMs === undefined ? "in a minute" : `in ${Math.ceil(retryAfterMs / 1000)} s`;
    return new ModelError("rate-limited", `${label} accepts no more requests for now${said}; try again ${when}.`, {
      retryAfterMs,
      ownersOnly: [said],
    });
  }
  if (status === 413) return tooLong(provider, modelId, said);
  if (status === 408 || status === 409 || status >= 500) {
    const retryAfterMs = retryAfterOf(headers, body);
    return new ModelError("temporary", `${label} is out of order (HTTP ${status})${said}; try again in a moment.`, {
      retryAfterMs,
      isAboutPictures,
      ownersOnly: [said],
    });
  }
  if (status >= 300 && status < 400) {
    const setting = `models.providers.${provider.id}.baseUrl`;
    return new ModelError("permanent", `${label} redirects elsewhere (HTTP ${status}); correct ${setting}.`);
  }
  return new ModelError("permanent", `${label} refused the request (HTTP ${status})${said}.`, {
    isAboutPictures,
    ownersOnly: [said],
  });
}

/** The error for a request that got no response, or whose response broke off. */
export function errorOfConnection(error: unknown, { label, baseUrl }: ErrorSubject): ModelError {
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  const code = codeOf(inner) ?? "";
  const at = ` at ${shownAddress(baseUrl)}`;
  const options = { cause: error, ownersOnly: [at] };
  const proxy = proxyFor(baseUrl);
  if (proxy && (NEVER_REACHED.has(code) || code === "UND_ERR_ABORTED")) {
    const through = ` through the proxy ${proxy.address} (${proxy.variable})`;
    return new ModelError(
      "temporary",
      `${label} cannot be reached${through}; check the proxy, or add the host to NO_PROXY.`,
      { cause: error, ownersOnly: [through] },
    );
  }
  if (NEVER_REACHED.has(code))
    return new ModelError(
      "temporary",
      `${label} does not answer${at} (${code}); check that it runs and that the network is up.`,
      options,
    );
  if (/CERT|TLS|SSL|SIGNATURE/.test(code))
    return new ModelError("permanent", `${label}${at} has a certificate that is not trusted (${code}).`, options);
  return new ModelError("temporary", `The connection to ${label} broke off: ${messageOf(error)}. Try again.`, options);
}

/** The error for data that the SDK could not read. The SDK's own text contains what was sent, so it is not used. */
export function errorInStream(error: unknown, { label }: ErrorSubject): ModelError {
  const inner = innermost(error);
  if (inner instanceof ModelError) return inner;
  return new ModelError("temporary", `${label} sent something that cannot be read; try again.`, { cause: error });
}

/**
 * The error for a failure sent with status 200, in a stream or in place of one: it is treated as the status that it
 * names. `said` tells whether a part of the answer has come before.
 */
export function errorInAnswer(
  problem: unknown,
  { said, provider, modelId }: { said: boolean; provider: ErrorSubject; modelId: string },
): ModelError {
  const body = JSON.stringify(problem).slice(0, MAX_PROBLEM_CHARS);
  const status = statusIn(problem);
  const words = clauseOf(body, provider.apiKey);
  if (status !== undefined && !said) return errorOfStatus({ status, headers: new Headers(), body }, provider, modelId);
  const worded = errorOfWords(body, words, provider, modelId);
  if (worded) return worded;
  const kind = status === 429 ? "rate-limited" : isRefused(status) ? "permanent" : "temporary";
  const isAboutPictures = isOfPictures(body);
  return new ModelError(kind, `${provider.label} broke the answer off${words}; try again.`, {
    ownersOnly: [words],
    isAboutPictures,
  });
}

/** The error for a body that is no answer, sent with a status of 200 where a stream was asked for. */
export function errorOfBody(body: string, { id, label, apiKey }: ErrorSubject): ModelError {
  if (body.trim() === "") return new ModelError("temporary", `${label} sent an empty answer; try again.`);
  const isPage = /^\s*</.test(body);
  const title = isPage ? (/<title[^>]*>([^<]{1,300})/i.exec(body)?.[1] ?? "") : body;
  const said = /^\s*[[{]/.test(title) ? "" : clauseOf(title, apiKey);
  const what = isPage ? "a web page" : "something that is no answer";
  const setting = `models.providers.${id}.baseUrl`;
  return new ModelError("temporary", `${label} sent ${what}${said}; try again, or check ${setting}.`, {
    ownersOnly: [said],
  });
}

/** The error for a stream that ends before the answer does. */
export function errorOfCut({ label }: ErrorSubject, said: boolean): ModelError {
  return new ModelError("temporary", `${label} ${said ? "cut its answer off" : "sent an empty answer"}; try again.`);
}

const MAX_PROBLEM_CHARS = 65_536;

function isRefused(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409;
}

/** Whether a provider speaks of pictures, or of a model that sees none. */
function isOfPictures(body: string): boolean {
  return /\b(?:image|picture|photo)s?\b|image_url|image_parse|invalid_image|\bvision\b|multi-?modal/i.test(body);
}

/** The HTTP status that an error in a body names: as a number, or in a provider's words for it. */
function statusIn(problem: unknown, depth = 0): number | undefined {
  if (typeof problem === "string") {
    if (depth < 4 && problem.trimStart().startsWith("{")) return statusOfJson(problem, depth);
    return STATUS_SENTENCES.find(([pattern]) => pattern.test(problem.slice(0, MAX_SAID_CHARS)))?.[1];
  }
  if (typeof problem !== "object" || problem === null || depth > 4) return undefined;
  const { code, status, status_code, statusCode, http_status, type, error, reason } = problem as Record<
    string,
    unknown
  >;
  for (const value of [code, status, status_code, statusCode, http_status]) {
    const number = Number(value);
    if (Number.isInteger(number) && number >= 400 && number < 600) return number;
  }
  const words = [code, status, type, reason].filter((each) => typeof each === "string").join(" ");
  const named = STATUS_WORDS.find(([pattern]) => pattern.test(words))?.[1];
  return named ?? statusIn(error, depth + 1);
}

function statusOfJson(text: string, depth: number): number | undefined {
  return statusIn(jsonOr(text), depth + 1);
}

/** Providers' names for what a status says: OpenAI, Anthropic, Google. */
const STATUS_WORDS: readonly (readonly [RegExp, number])[] = [
  [/authentication|invalid_api_key|unauthenticated|unauthorized/i, 401],
  [/insufficient_quota|billing/i, 402],
  [/permission/i, 403],
  [/not_found/i, 404],
  [/rate.?limit|too_many_requests|resource_exhausted/i, 429],
  [/request_too_large/i, 413],
  [/invalid_request|invalid_argument|failed_precondition|invalid_prompt|invalid_image/i, 400],
  [/overloaded/i, 529],
  [/unavailable/i, 503],
  [/timeout|deadline/i, 504],
  [/server_error|api_error|internal/i, 500],
];

/** How servers that name no status say it: Ollama, llama.cpp, LM Studio. */
const MAX_SAID_CHARS = 1_000;
const STATUS_SENTENCES: readonly (readonly [RegExp, number])[] = [
  [/\bunauthori[sz]ed\b|\bauthentication\b/i, 401],
  [/\bforbidden\b|permission denied/i, 403],
  [/rate.?limit|too many (?:concurrent )?requests/i, 429],
  [/\bnot found\b/i, 404],
  [/\boverloaded\b|at capacity|server busy/i, 529],
  [/\binvalid request\b|\bbad request\b/i, 400],
];

/** The error for known wordings of a provider; undefined when the text is unknown. */
function errorOfWords(body: string, said: string, provider: ErrorSubject, modelId: string): ModelError | undefined {
  switch (wordingOf(body)) {
    case "too-long":
      return tooLong(provider, modelId, said);
    case "bad-key":
      return badKey(provider);
    case "no-credit":
      return noCredit(provider, said);
    case "no-model":
      return noModel(provider, modelId, said);
    case "no-tools":
      return noTools(provider, modelId, said);
    case undefined:
      return undefined;
  }
}

function tooLong({ label }: ErrorSubject, modelId: string, said: string): ModelError {
  return new ModelError(
    "too-long",
    `The conversation is longer than ${modelId} of ${label} can take${said}; /compact shortens it, /new begins anew.`,
    { ownersOnly: [said] },
  );
}

function badKey({ id, label }: ErrorSubject): ModelError {
  return new ModelError("logged-out", `${label} rejected the API key; give it another with ${authCommand(id)}.`);
}

function noCredit({ label }: ErrorSubject, said: string): ModelError {
  return new ModelError(
    "no-credit",
    `${label} says that the account has no credit left${said}; top it up or use /model.`,
    { ownersOnly: [said] },
  );
}

function noModel({ label }: ErrorSubject, modelId: string, said: string, isAboutPictures = false): ModelError {
  return new ModelError(
    "no-model",
    `${label} has no model "${modelId}"${said}; choose another with /model or agents.defaults.model.`,
    { ownersOnly: [said], isAboutPictures },
  );
}

function noTools({ id, label }: ErrorSubject, modelId: string, said: string): ModelError {
  return new ModelError(
    "permanent",
    `${modelId} of ${label} cannot call tools${said}; choose another with /model, or list it under ` +
      `models.providers.${id}.models with tools: false to talk to it without them.`,
    { ownersOnly: [said] },
  );
}

/** How an owner gives a provider its key. */
export function authCommand(id: string): string {
  return `\`moltbot models auth ${id}\``;
}

/** Errors of `fetch` and of the SDK carry the one that says something as their cause. */
function innermost(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++) {
    if (inner instanceof ModelError) return inner;
    inner = inner.cause;
  }
  return inner;
}
