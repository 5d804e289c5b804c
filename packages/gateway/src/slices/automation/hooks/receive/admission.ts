/** Who may call: by the token in a header, or by a signature of their own. */
import type { IncomingMessage } from "node:http";
import { secretsEqual } from "../../../../base/ids.ts";
import type { HttpSource } from "../../../../kit/host.ts";
import { isForeignPage } from "../../../../kit/http.ts";
import type { NamedMapping } from "../actions/mapping.ts";
import { GoogleTokens } from "../senders/google.ts";
import { judgeSignature, type Proof } from "../senders/signature.ts";
import type { HookServices } from "../services.ts";
import type { HooksSettings } from "../settings.ts";
import type { HookRoute } from "./hook-route.ts";
import { RateWindow } from "./rate-window.ts";
import { refusedEarly, retryAfter, unproved } from "./refusal.ts";

/** A call as its headers show it. */
export interface HookRequest {
  readonly request: IncomingMessage;
  readonly source: HttpSource;
  readonly settings: HooksSettings;
  readonly route: HookRoute;
}

/** The mappings that a caller has opened, each with the mark of its signature. */
export type Opened = ReadonlyMap<NamedMapping, string | undefined>;

/** Wrong proofs of one address in a minute (automation: inbound hooks). */
const MAX_FAILURES = 20;
/** Headers that may carry the token, beside `Authorization: Bearer`; the product has had several names. */
const TOKEN_HEADERS = ["x-moltbot-token", "x-clawdbot-token", "x-openclaw-token"];

export class Admission {
  readonly #services: HookServices;
  readonly #failures: RateWindow;
  readonly #google: GoogleTokens;

  constructor(services: HookServices) {
    this.#services = services;
    this.#failures = new RateWindow(services.clock);
    this.#google = new GoogleTokens(services);
  }

  /**
   * Judges a call by its headers; true when it shows the token. Throws the refusal of a caller whose body is not worth
   * reading.
   */
  admit({ request, source, settings, route }: HookRequest): boolean {
    const { headers } = request;
    if (isForeignPage(headers)) throw refusedEarly(403, "web pages may not call this");
    const inAddress = new URL(request.url ?? "/", "http://localhost").searchParams.get("token") ?? undefined;
    if (inAddress !== undefined && !settings.allowQueryToken)
      throw refusedEarly(400, "a token in the address ends up in logs; send it as Authorization: Bearer");
    const isTrusted = isTokenRight(request, settings.token, inAddress);
    // A program on this machine with the right token is let in, however often another one has guessed.
    const waitMs = isTrusted && source.isLocal ? 0 : this.#failures.waitMs(source.address, MAX_FAILURES);
    if (route.mappings.some(({ verify }) => verify !== undefined)) return isTrusted && waitMs === 0;
    if (waitMs > 0) throw refusedEarly(429, "too many wrong tokens; try again later", retryAfter(waitMs));
    if (!isTrusted) throw this.#failed(source, "the token is missing or wrong");
    return true;
  }

  /** Judges the proofs of a body that was read. Throws the refusal of a caller who has none. */
  async open(
    { request, source, route }: HookRequest,
    { body, isTrusted }: { body: Buffer; isTrusted: boolean },
  ): Promise<Opened> {
    const open = new Map<NamedMapping, string | undefined>();
    const problems: string[] = [];
    for (const mapping of route.mappings) {
      const proof = await this.#judge(mapping, { request, body, isTrusted });
      if (proof.kind === "proved") open.set(mapping, proof.mark);
      else problems.push(proof.why);
    }
    if (open.size === 0 && !isTrusted) throw this.#failed(source, problems[0] ?? "nothing was proved");
    return open;
  }

  async #judge(
    { verify, problem }: NamedMapping,
    { request, body, isTrusted }: { request: IncomingMessage; body: Buffer; isTrusted: boolean },
  ): Promise<Proof> {
    if (!verify) return isTrusted ? { kind: "proved" } : { kind: "refused", why: "the token is missing or wrong" };
    if (problem !== undefined) return { kind: "refused", why: problem };
    const sent = { headers: request.headers, body, at: this.#services.clock.now() };
    return verify.scheme === "google" ? await this.#google.judge(verify, sent) : judgeSignature(verify, sent);
  }

  #failed({ address }: HttpSource, reason: string) {
    this.#failures.take(address);
    return unproved(reason);
  }
}

/** Whether a header, or the address where that is allowed, holds the token; takes as long whatever it holds. */
function isTokenRight({ headers }: IncomingMessage, token: string | undefined, inAddress?: string): boolean {
  if (token === undefined || token.trim() === "") return false;
  const bearer = /^Bearer +(\S.*)$/i.exec(headers.authorization ?? "")?.[1]?.trim();
  const inHeader = bearer ?? TOKEN_HEADERS.map((name) => headers[name]).find((value) => typeof value === "string");
  const given = inHeader ?? inAddress;
  return typeof given === "string" && secretsEqual(given, token);
}
