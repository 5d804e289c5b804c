// The page's connection: signs in, says on which screen that ends, and what the gateway offers and allows.

import { type ClientState, GatewayClient, type HelloOk, isAuthRefusal, isPairingRequired } from "@moltbot/protocol";
import { sentence } from "../conversation/runs.ts";
import { canonicalKey } from "../conversation/sessions.ts";
import type { Ask, Scope } from "../view.ts";
import {
  browserIdentity,
  clientInfo,
  deviceTokens,
  forgetSecrets,
  gatewayUrl,
  wantedScopes,
} from "../visit/credentials.ts";
import { forgetLast } from "../visit/last-state.ts";
import { leave } from "../visit/leave.ts";
import { isLockedOut, LOCKED_OUT, lostBecause, refusal } from "../visit/refusal.ts";
import { t } from "../words/t.ts";
import type { PageState } from "./page-state.ts";
import { SharedReads } from "./shared-reads.ts";

/** What the connection tells the page. */
export interface ConnectionHost {
  /** Hears events of a new client, before it connects. */
  listen(client: GatewayClient): void;
  onConnected(hello: HelloOk): void;
  /** Events were missed. */
  onGap(): void;
  /** The connection is about to end: what is shown is kept. */
  keep(): void;
  /** The gateway cannot be reached, and this window has shown nothing yet. */
  restore(): void;
}

/** The link to the gateway, through every reconnect. */
export class Connection {
  readonly #page: PageState;
  readonly #host: ConnectionHost;
  #client: GatewayClient | undefined;
  #hello: HelloOk | undefined;
  #device: ReturnType<typeof browserIdentity> | undefined;
  readonly #reads = new SharedReads();

  constructor(page: PageState, host: ConnectionHost) {
    this.#page = page;
    this.#host = host;
  }

  /** The client of now. Throws before anybody has signed in. */
  get gateway(): GatewayClient {
    if (this.#client === undefined) throw new Error("not signed in");
    return this.#client;
  }

  get isConnected(): boolean {
    return this.#client?.state.kind === "connected";
  }

  /** How the gateway names its agent and main session; undefined before the first connection. */
  get defaults(): HelloOk["snapshot"]["sessionDefaults"] {
    return this.#hello?.snapshot.sessionDefaults;
  }

  /** Whether methods of a scope may be used. Without a device identity the gateway does not say what it granted; a refusal then says what is missing. */
  readonly may = (scope: Scope): boolean => {
    const held = this.#hello?.auth?.scopes ?? wantedScopes();
    const holds = (each: Scope) => held.includes(`operator.${each}`);
    return holds("admin") || holds(scope) || (scope === "read" && holds("write"));
  };

  /** Whether the gateway has a method. */
  readonly offers = (method: string): boolean => this.#hello?.features.methods.includes(method) ?? false;

  /** The one spelling of a session's key. */
  canonical(sessionKey: string): string {
    return canonicalKey(sessionKey, this.defaults);
  }

  /** Whether a session is the open one, however its key is spelled. */
  isOpen(sessionKey: string): boolean {
    return this.canonical(sessionKey) === this.canonical(this.#page.now.sessionKey);
  }

  /** A refusal becomes a notice, and `undefined`; while the connection is down, that is said elsewhere. */
  readonly attempt = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (this.isConnected) this.#page.set({ notice: sentence(error instanceof Error ? error.message : error) });
      return undefined;
    }
  };

  /** Asks the gateway; a refusal becomes a notice, and `undefined`. */
  readonly ask: Ask = (method, ...asking) =>
    this.attempt(() => this.#reads.read(method, asking[0], () => this.gateway.request(method, ...asking)));

  /** Begins to read who this browser is, while something else is read. */
  prepare(): void {
    this.#device ??= browserIdentity();
  }

  /** Connects with a token or password; without one a stored device token, or a gateway that asks for none, may do. */
  async signIn(secret: string | undefined): Promise<void> {
    this.#client?.close();
    this.#page.set({ screen: { kind: "starting" }, link: { kind: "connecting" } });
    this.prepare();
    const device = await this.#device;
    const client = new GatewayClient({
      url: gatewayUrl(),
      client: clientInfo(),
      scopes: [...wantedScopes()],
      deviceTokens,
      caps: ["tool-events"],
      locale: navigator.language,
      ...(device && { device }),
      ...(secret !== undefined && { token: secret }),
    });
    this.#client = client;
    client.onState((state) => this.#follow(client, state));
    client.onGap(() => this.#host.onGap());
    client.on("shutdown", () => this.#onShutdown());
    this.#host.listen(client);
    // A connect that fails is a state of the client; #follow is told of it.
    void Promise.allSettled([client.connect()]);
  }

  /** Ends the pause before the next attempt to connect. */
  retryNow(): void {
    this.#client?.retryNow();
  }

  close(): void {
    this.#client?.close();
  }

  /** Loads the page anew: other people may use this browser next. */
  end(problem: string | undefined): void {
    this.close();
    forgetLast();
    leave(problem);
  }

  #follow(client: GatewayClient, state: ClientState): void {
    if (client !== this.#client) return;
    if (state.kind === "connected") {
      this.#hello = state.hello;
      return this.#host.onConnected(state.hello);
    }
    const { link, asOf } = this.#page.now;
    const isFresh = this.#hello === undefined && asOf === undefined;
    if (state.kind === "closed") {
      const problem = refusal(state.reason);
      if (isAuthRefusal(state.reason)) forgetSecrets();
      // Nothing to forget: this window has shown nothing yet, and what the visit before has kept goes with its credentials.
      if (isAuthRefusal(state.reason) && !isFresh) return this.end(problem);
      if (isAuthRefusal(state.reason)) forgetLast();
      return this.#page.set({ screen: { kind: "signed-out", problem } });
    }
    if (state.kind !== "reconnecting") return;
    const { reason } = state;
    if (isPairingRequired(reason)) {
      return this.#page.set({ screen: { kind: "pairing", requestId: reason.detail("requestId") ?? "" } });
    }
    if (isLockedOut(reason)) {
      client.close();
      return this.#page.set({ screen: { kind: "signed-out", problem: t(LOCKED_OUT) } });
    }
    if (isFresh) this.#host.restore();
    this.#page.set({
      screen: { kind: "chat" },
      link: { kind: "waiting", reason: lostBecause(reason) },
      asOf: link.kind === "connected" ? Date.now() : this.#page.now.asOf,
    });
  }

  #onShutdown(): void {
    const reason = t("The gateway is stopping. Your messages are kept and sent when it is back.");
    this.#host.keep();
    this.#page.set({ link: { kind: "waiting", reason }, asOf: Date.now() });
  }
}
