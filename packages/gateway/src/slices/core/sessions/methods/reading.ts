/** Methods that read conversations, and that tell of changes. */

import { Type } from "@sinclair/typebox";
import { hasScope } from "../../../../kit/access.ts";
import {
  Id,
  Ignored,
  MAX_NUMBER,
  Millis,
  NonEmpty,
  Nullable,
  OneOf,
  SessionKey,
} from "../../../../kit/schema/schema.ts";
import { PreviewItem, SearchMatch, SessionDefaults, SessionRow, SessionRowV3, STORE } from "../schema.ts";
import type { SessionFilter } from "../session-list.ts";
import type { Session } from "../session-rows.ts";
import { defineMethod, type Gateway } from "../slice.ts";
import { Label } from "./label.ts";

const Flag = Type.Optional(Type.Boolean());

const MAX_PREVIEW_KEYS = 64;

/** The most rows for which titles and last messages are looked up. */
const MAX_TITLED = 300;

const filter = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_NUMBER })),
  activeMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_NUMBER })),
  includeGlobal: Flag,
  includeUnknown: Flag,
  includeDerivedTitles: Flag,
  includeLastMessage: Flag,
  label: Type.Optional(Label),
  spawnedBy: Type.Optional(SessionKey),
  agentId: Type.Optional(Id),
  search: Type.Optional(Type.String({ maxLength: 512 })),
};

/** Further filters of protocol 4 clients. Those for features that this gateway does not have change nothing. */
const laterFilter = {
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_NUMBER, description: "How many to leave out first." })),
  archived: Type.Optional(Type.Boolean({ description: "Those that were put away, in place of the others." })),
  excludeSubagents: Flag,
  configuredAgentsOnly: Flag,
  sortBy: Ignored,
  ownerFirst: Ignored,
  includePeople: Ignored,
  includeActivitySummary: Ignored,
  hasBoard: Ignored,
};

const listing = { ts: Millis, path: NonEmpty, count: Type.Integer({ minimum: 0 }), defaults: SessionDefaults };

const LaterList = Type.Object({ ...listing, sessions: Type.Array(SessionRow) });

export const list = defineMethod({
  name: "sessions.list",
  summary: "Lists conversations, the newest first.",
  access: "operator.read",
  params: filter,
  result: Type.Object({ ...listing, sessions: Type.Array(SessionRowV3) }),
  handler({ params, gateway }) {
    const sessions = gateway.sessions.all
      .list(params)
      .map((session, index) => gateway.sessions.views.row(session, index < MAX_TITLED ? params : {}));
    return { ...headOf(gateway, sessions.length), sessions };
  },
  four: { params: laterFilter, result: LaterList, handler: ({ params, gateway }) => laterList(gateway, params) },
});

export const subscribe = defineMethod({
  name: "sessions.subscribe",
  summary:
    "Tells this connection of every conversation from now on: sessions.changed and session.message. With what " +
    "sessions.list takes, its answer comes along.",
  access: "operator.read",
  params: { ...filter, ...laterFilter },
  result: Type.Object({ subscribed: Type.Literal(true), list: Type.Optional(LaterList) }),
  handler({ params, gateway, caller, signal }) {
    gateway.sessions.watchers.watchAll(caller.connId, signal);
    const isListed = Object.keys(params).length > 0;
    return { subscribed: true as const, ...(isListed && { list: laterList(gateway, params) }) };
  },
});

export const messagesSubscribe = defineMethod({
  name: "sessions.messages.subscribe",
  summary: "Tells this connection of what is said in one conversation from now on: session.message.",
  access: "operator.read",
  params: {
    key: SessionKey,
    agentId: Type.Optional(Id),
    includeApprovals: Type.Optional(Type.Boolean({ description: "Whether the answer names what waits for approval." })),
  },
  result: Type.Object({
    subscribed: Type.Literal(true),
    key: NonEmpty,
    approvalReplay: Type.Optional(
      Type.Object({
        sessionKey: NonEmpty,
        updatedAtMs: Millis,
        approvals: Type.Array(Type.Unknown(), { description: "For holders of operator.approvals." }),
        truncated: Type.Boolean(),
      }),
    ),
  }),
  handler({ params: { key: spelled, agentId, includeApprovals }, gateway, caller, signal }) {
    const key = gateway.sessions.keyOf(spelled, agentId);
    gateway.sessions.watchers.watch(key, caller.connId, signal);
    if (!includeApprovals) return { subscribed: true as const, key };
    const isTold = hasScope(caller.scopes, "operator.approvals");
    const approvals = isTold ? gateway.sessions.approvals.now.waitingIn(key) : [];
    const approvalReplay = { sessionKey: key, updatedAtMs: gateway.clock.now(), approvals, truncated: false };
    return { subscribed: true as const, key, approvalReplay };
  },
});

export const messagesUnsubscribe = defineMethod({
  name: "sessions.messages.unsubscribe",
  summary: "The end of sessions.messages.subscribe.",
  access: "operator.read",
  params: { key: SessionKey, agentId: Type.Optional(Id) },
  result: Type.Object({ subscribed: Type.Literal(false), key: NonEmpty }),
  handler({ params, gateway, caller }) {
    const key = gateway.sessions.keyOf(params.key, params.agentId);
    gateway.sessions.watchers.unwatch(key, caller.connId);
    return { subscribed: false as const, key };
  },
});

export const describe = defineMethod({
  name: "sessions.describe",
  summary: "One conversation as a row of sessions.list; null when there is none.",
  access: "operator.read",
  params: { key: SessionKey, agentId: Type.Optional(Id), includeDerivedTitles: Flag, includeLastMessage: Flag },
  result: Type.Object({ session: Nullable(SessionRow) }),
  handler({ params: { key, agentId, ...titles }, gateway: { sessions } }) {
    const session = sessions.get(sessions.keyOf(key, agentId));
    return { session: session ? sessions.views.laterRow(session, titles) : null };
  },
});

export const preview = defineMethod({
  name: "sessions.preview",
  summary: "Shows the last messages of several conversations, shortened.",
  access: "operator.read",
  params: {
    keys: Type.Array(SessionKey, { minItems: 1 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_NUMBER })),
    maxChars: Type.Optional(Type.Integer({ minimum: 20, maximum: MAX_NUMBER })),
  },
  result: Type.Object({
    ts: Millis,
    previews: Type.Array(
      Type.Object({ key: NonEmpty, status: OneOf("ok", "empty", "missing", "error"), items: Type.Array(PreviewItem) }),
    ),
  }),
  handler({ params, gateway }) {
    const limit = Math.min(params.limit ?? 12, 50);
    const maxChars = Math.min(params.maxChars ?? 240, 2000);
    const previews = params.keys.slice(0, MAX_PREVIEW_KEYS).map((key) => {
      const session = key.trim() === "" ? undefined : gateway.sessions.get(gateway.sessions.canonical(key));
      if (!session) return { key, status: "missing" as const, items: [] };
      const items = gateway.sessions.transcript.previews.preview(session.sessionId, { limit, maxChars });
      return { key, status: items.length > 0 ? ("ok" as const) : ("empty" as const), items };
    });
    return { ts: gateway.clock.now(), previews };
  },
});

export const search = defineMethod({
  name: "sessions.search",
  summary: "Finds messages of all conversations by their words.",
  access: "operator.read",
  params: {
    query: Type.String({ minLength: 1, maxLength: 512 }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  },
  result: Type.Object({ ts: Millis, query: NonEmpty, matches: Type.Array(SearchMatch) }),
  handler: async ({ params, gateway }) => ({
    ts: gateway.clock.now(),
    query: params.query,
    matches: await gateway.sessions.transcript.search(params.query, params.limit ?? 20),
  }),
});

export const resolve = defineMethod({
  name: "sessions.resolve",
  summary: "Finds one conversation by key, id or label.",
  access: "operator.admin",
  listed: false,
  params: {
    key: Type.Optional(SessionKey),
    sessionId: Type.Optional(Id),
    label: Type.Optional(Label),
    agentId: Type.Optional(Id),
    spawnedBy: Type.Optional(SessionKey),
    includeGlobal: Flag,
    includeUnknown: Flag,
  },
  result: Type.Object({ ok: Type.Literal(true), key: NonEmpty }),
  handler: ({ params, gateway }) => ({ ok: true as const, key: gateway.sessions.all.resolve(params).key }),
});

function headOf({ clock, sessions }: Gateway, count: number) {
  return { ts: clock.now(), path: STORE, count, defaults: sessions.models.now.sessionDefaults() };
}

function laterList(
  gateway: Gateway,
  params: SessionFilter & { offset?: number; archived?: boolean; excludeSubagents?: boolean },
) {
  const { archived = false, excludeSubagents = false, offset = 0, limit, ...wanted } = params;
  const { sessions } = gateway;
  const isWanted = ({ key, archived: isArchived }: Session) =>
    isArchived === archived && (!excludeSubagents || kindOfRow(key) !== "subagent");
  const found = sessions.all.list(wanted).filter(isWanted);
  const page = found.slice(offset, limit === undefined ? undefined : offset + limit);
  const rows = page.map((session, index) => sessions.views.laterRow(session, index < MAX_TITLED ? wanted : {}));
  return { ...headOf(gateway, rows.length), sessions: rows };
}

/** "subagent" for the conversation of an agent that another one started. */
function kindOfRow(key: string): string | undefined {
  return key.split(":")[2];
}
