/** The REST interface of a BlueBubbles server. The password is part of every address, so no address is ever shown. */
import { codeOf, ignore, NEVER_REACHED } from "../../../base/errors.ts";
import { jsonOr } from "../../../base/json.ts";
import { type ChannelContext, ChannelError, rateLimited, withTimeHeard } from "../../../kit/channel.ts";

export interface ApiOptions {
  readonly serverUrl: string;
  readonly password: string;
  /** Told of the time that the server's answers name. */
  readonly timeListener?: Pick<ChannelContext, "heardTime"> | undefined;
}

/** The wait when a proxy before the server takes no more, ms; the server itself has no such limit. */
const USUAL_WAIT_MS = 5_000;

interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly signal: AbortSignal;
}

export class BlueBubblesApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Calls the server and reads `data` of its answer. Throws `ChannelError`. */
  async call(path: string, options: Call): Promise<unknown> {
    const response = await this.#fetch(path, options);
    const text = await response.text().catch((error: unknown) => {
      throw lost(error);
    });
    const body = parsed(text);
    if (response.ok && body !== undefined) return body.data;
    // A proxy may have lost the answer to what the server has done.
    if (response.ok && options.method === "POST")
      throw new ChannelError(
        "unknown",
        `BlueBubbles answered ${response.status} and nothing that can be read; whether it took the message cannot be told.`,
      );
    throw refusal(response.status, body);
  }

  /** Opens a file. Throws `ChannelError`. */
  async open(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#fetch(path, { signal });
    if (response.ok && response.body) return response.body;
    await response.body?.cancel().catch((error: unknown) => ignore(error, "the answer is of no use"));
    if (response.status === 404)
      throw new ChannelError("rejected", "The file is no longer on the Mac; ask for it to be sent again.");
    throw response.status === 401
      ? wrongPassword()
      : new ChannelError("not-sent", `BlueBubbles answered ${response.status} to a download; try again later.`);
  }

  async #fetch(path: string, { method = "GET", query = {}, json, form, signal }: Call): Promise<Response> {
    const { serverUrl, password, timeListener } = this.#options;
    const address = new URL(`${serverUrl.replace(/\/+$/, "")}/api/v1${path}`);
    address.search = new URLSearchParams({ ...query, password }).toString();
    const body = form ?? (json === undefined ? null : JSON.stringify(json));
    const headers: Record<string, string> = json === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(address, { method, headers, body, signal, redirect: "error" }).catch(
      (error: unknown) => {
        throw lost(error);
      },
    );
    return timeListener ? withTimeHeard(answer, timeListener) : answer;
  }
}

/** The server has no such conversation or message. */
export class NotFoundError extends ChannelError {
  constructor(reason: string) {
    super("rejected", `BlueBubbles knows no such conversation or message: ${reason}.`);
  }
}

interface Body {
  readonly data?: unknown;
  readonly message?: unknown;
  readonly error?: { readonly type?: unknown; readonly message?: unknown } | undefined;
}

function parsed(text: string): Body | undefined {
  const body = jsonOr(text);
  return typeof body === "object" && body !== null ? (body as Body) : undefined;
}

function wrongPassword(): ChannelError {
  return new ChannelError(
    "bad-credentials",
    "BlueBubbles rejected the password; set channels.imessage.password to the one in the server's settings.",
  );
}

function refusal(status: number, body: Body | undefined): ChannelError {
  const reason = String(body?.error?.message ?? body?.message ?? "no reason given").slice(0, 200);
  if (status === 401) return wrongPassword();
  if (status === 429) return rateLimited("BlueBubbles", Number.NaN, { usualMs: USUAL_WAIT_MS });
  if (body === undefined && status < 500)
    return new ChannelError(
      "unavailable",
      `Something other than BlueBubbles answers there (status ${status}); check channels.imessage.serverUrl.`,
    );
  if (/already queued|duplicate|is in progress/i.test(reason))
    return new ChannelError(
      "unknown",
      "BlueBubbles is still busy with this message; whether it was sent shows in a moment.",
    );
  if (/does not exist|not found|unknown chat/i.test(reason) || status === 404) return new NotFoundError(reason);
  if (status >= 500)
    return new ChannelError(
      "unknown",
      `BlueBubbles answered ${status} (${reason}); whether it sent the message cannot be told.`,
    );
  return new ChannelError("rejected", `BlueBubbles refused it: ${reason}.`);
}

/** No answer. Nothing of the error is passed on but its code: it may hold the address. */
function lost(error: unknown): ChannelError {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = codeOf(cause);
  const known = typeof code === "string" ? ` (${code})` : "";
  return code !== undefined && NEVER_REACHED.has(code)
    ? new ChannelError(
        "not-sent",
        `BlueBubbles cannot be reached${known}; check that the Mac is awake and the address.`,
      )
    : new ChannelError("unknown", `BlueBubbles did not answer${known}; whether it took the message cannot be told.`);
}

/** What an error means for the link: anything that is not about a password or a wrong address may pass. */
export function linkError(error: unknown): ChannelError {
  const problem = error instanceof ChannelError ? error : lost(error);
  if (problem.kind === "bad-credentials" || problem.kind === "unavailable") return problem;
  const message =
    problem.kind === "not-sent"
      ? problem.message
      : "BlueBubbles does not answer as it should; the gateway tries again.";
  return new ChannelError("network", message);
}
