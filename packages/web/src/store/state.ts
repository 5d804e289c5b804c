// What the page knows, as one value that is replaced and never changed.

import type { CommandEntry } from "@moltbot/protocol";
import type { AgentChoice } from "../agents.ts";
import { type CanvasState, NO_CANVAS } from "../canvas/canvas.ts";
import type { HistoryMessage } from "../conversation/history.ts";
import type { Item } from "../conversation/items.ts";
import type { Run } from "../conversation/reply.ts";
import type { SearchState } from "../conversation/search.ts";
import type { ModelChoice, Session } from "../conversation/sessions.ts";
import type { Usage } from "../usage.ts";
import type { Calls } from "../visit/notify.ts";
import type { Approval } from "./approvals.ts";
import type { NodeRequest } from "./node-requests.ts";

/** Which screen the page shows. */
export type Screen =
  | { readonly kind: "starting" }
  /** `problem` says in one sentence why the last attempt failed and what to do. */
  | { readonly kind: "signed-out"; readonly problem: string | undefined }
  | { readonly kind: "pairing"; readonly requestId: string }
  | { readonly kind: "chat" };

/** What is between us and the gateway while the chat is shown. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected" }
  | { readonly kind: "waiting"; readonly reason: string };

/** Everything an element can show. */
export interface State {
  readonly screen: Screen;
  /** What fills the page beside the sidebar: "chat", or the id of a page. */
  readonly view: string;
  /** Which part of a page beside the sidebar; "" is its beginning. */
  readonly rest: string;
  readonly link: Link;
  /** From when what is shown is, while the gateway cannot be reached. */
  readonly asOf: number | undefined;
  readonly gatewayVersion: string | undefined;
  /** The longest message that the gateway reads, in bytes. */
  readonly maxPayload: number;
  readonly sessions: readonly Session[];
  /** The agents that are configured, the default one first; fewer than two need no mention. */
  readonly agents: readonly AgentChoice[];
  /** Commands that wait for an answer of ours, in any session. */
  readonly approvals: readonly Approval[];
  readonly nodeRequests: readonly NodeRequest[];
  readonly usage: Usage | undefined;
  readonly unread: ReadonlySet<string>;
  /** The state of each page's service by the page's id. */
  readonly pages: Readonly<Record<string, unknown>>;
  /** What the agent shows beside the open session. */
  readonly canvas: CanvasState;
  readonly models: readonly ModelChoice[];
  /** Whether the gateway has said which models there are. */
  readonly modelsKnown: boolean;
  readonly defaultModel: string | undefined;
  /** The model that is to answer in the open session, as `models.status` says it. */
  readonly chosenModel: string | undefined;
  /** What can be typed after a slash in the open session. */
  readonly commands: readonly CommandEntry[];
  readonly sessionKey: string;
  readonly mainKey: string;
  /** `undefined` until the open session's history has arrived. */
  readonly history: readonly HistoryMessage[] | undefined;
  readonly items: readonly Item[];
  /** The first message that was not read when the open session was opened. */
  readonly newFrom: string | undefined;
  /** Whether more was said before what is shown, and after it. */
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** The key of the item that is to be brought into view, and how often somebody has asked for one. */
  readonly target: { readonly key: string; readonly count: number } | undefined;
  /** The message of a person that is being written anew. */
  readonly editing: { readonly id: string; readonly text: string } | undefined;
  readonly search: SearchState;
  /** The conversations that were put away; undefined until somebody asks for them. */
  readonly archived: readonly Session[] | undefined;
  /** A conversation that is deleted when nobody takes that back. */
  readonly leaving: { readonly key: string; readonly title: string } | undefined;
  /** The reply that is being written in the open session. */
  readonly activeRun: Run | undefined;
  /** Whether the browser calls the person who looks elsewhere. */
  readonly calls: Calls;
  /** A failure to tell the person about, once. */
  readonly notice: string | undefined;
  /** The last finished reply, for screen readers. */
  readonly announcement: string;
}

/** Before anything is known. */
export const INITIAL: State = {
  screen: { kind: "starting" },
  view: "chat",
  rest: "",
  link: { kind: "connecting" },
  asOf: undefined,
  gatewayVersion: undefined,
  maxPayload: 524_288,
  sessions: [],
  agents: [],
  approvals: [],
  nodeRequests: [],
  usage: undefined,
  unread: new Set(),
  pages: {},
  canvas: NO_CANVAS,
  models: [],
  modelsKnown: false,
  defaultModel: undefined,
  chosenModel: undefined,
  commands: [],
  sessionKey: "",
  mainKey: "agent:main:main",
  history: undefined,
  items: [],
  newFrom: undefined,
  hasOlder: false,
  hasNewer: false,
  target: undefined,
  editing: undefined,
  search: { query: "", matches: [], isBusy: false },
  archived: undefined,
  leaving: undefined,
  activeRun: undefined,
  calls: "unavailable",
  notice: undefined,
  announcement: "",
};
