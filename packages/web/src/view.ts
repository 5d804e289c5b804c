// How a page joins the shell: one value, named in `views.ts`. The store, the app and the sidebar know no page by name.

import type { GatewayClient, Methods, RequestArguments } from "@moltbot/protocol";
import type { TemplateResult } from "lit";

/** What a connection may be allowed to do. */
export type Scope = "read" | "write" | "approvals" | "pairing" | "admin";

/** A page beside the conversations. A new one is a folder with a `view.ts`, and one line in `views.ts`. */
export interface View {
  /** Stands in the address behind `#`. */
  readonly id: string;
  readonly label: string;
  readonly icon: TemplateResult;
  /** The scope without which the page is not offered. */
  readonly scope: Scope;
  /** False for a page that others lead to, and the sidebar does not name. */
  readonly isListed?: boolean;
  /** What is kept while the page is closed; opened once. Leave it out when the page needs nothing before it is shown. */
  readonly open?: (host: PageHost) => PageService;
  /** What is beside the label, from the state of the page's service. */
  readonly badge?: (state: unknown) => readonly Mark[];
  /** Loads the page's element. The shell sets `host` and `rest`, and `service` and `state` where the page has a service. */
  readonly element: () => Promise<new () => HTMLElement>;
}

/** Something beside a label: how many wait, or that something is wrong. `words` are for screen readers. */
export type Mark =
  | { readonly kind: "count"; readonly count: number; readonly words: string }
  | { readonly kind: "trouble"; readonly words: string };

/** What a page has while it is closed. */
export interface PageService {
  /** Replaced, never changed; tell `PageHost.onChange`. */
  readonly state: unknown;
  /** Hears events; called for every new client, before it connects. */
  listen?(client: GatewayClient): void;
  /** Fetches what the badge needs; called whenever events may have been missed. */
  refresh?(): Promise<void>;
  /** What is kept in the browser of the state, for `restore`: nothing that lets anybody in. */
  readonly kept?: unknown;
  /** Shows what an earlier visit has kept, until the gateway can be asked. */
  restore?(state: unknown): void;
  /** What people call the channel of this id, if the page knows. */
  channelName?(id: string): string | undefined;
}

/** Asks the gateway; a refusal becomes a notice, and `undefined`. */
export type Ask = <M extends keyof Methods>(
  method: M,
  ...asking: RequestArguments<M>
) => Promise<Methods[M]["result"] | undefined>;

/** What the shell does for pages. */
export interface PageHost {
  /** The connection of now. Throws before anybody has signed in. */
  gateway(): GatewayClient;
  /** Whether the connection may use methods of this scope. */
  may(scope: Scope): boolean;
  /** Whether the gateway has a method. */
  offers(method: string): boolean;
  /** Whether there is a page of this id that the connection may open. */
  has(view: string): boolean;
  /** Opens a page, or a part of it: `rest` follows its name in the address. */
  show(view: string, rest?: string): void;
  /** Opens a conversation. */
  openSession(sessionKey: string): void;
  /** What people call a conversation. */
  titleOf(sessionKey: string): string;
  /** What people call a channel. */
  channelName(id: string): string;
  /** Saves everything that was ever said in a conversation as a file. */
  exportSession(sessionKey: string, title: string, format: "markdown" | "json"): Promise<void>;
  /** Asks the gateway; a refusal becomes a notice, and `undefined`. */
  readonly ask: Ask;
  /** Runs an action; a refusal becomes a notice, and `undefined`. */
  attempt<T>(action: () => Promise<T>): Promise<T | undefined>;
  /** The open conversation. */
  sessionKey(): string;
  /** A model is there now: what only the built-in agent has answered in the open conversation is asked again, and shown. */
  answerWaiting(): Promise<void>;
  /** The state of the page's service was replaced. */
  onChange(): void;
}

/** Asks a gateway that has the method; `undefined` where it has not. */
export function askIfOffered(host: Pick<PageHost, "offers" | "ask">): Ask {
  return async (method, ...asking) => (host.offers(method) ? await host.ask(method, ...asking) : undefined);
}

/** A page with a service: `badge` is given the state that the service has. */
export function defineView<State>(
  view: Omit<View, "open" | "badge"> & {
    readonly open: (host: PageHost) => PageService & { readonly state: State };
    readonly badge?: (state: State) => readonly Mark[];
  },
): View {
  return view as View;
}
