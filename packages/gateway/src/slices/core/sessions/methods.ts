/** The methods of sessions. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { GatewayError } from "../../../base/errors.ts";
import { hasScope } from "../../../kit/access.ts";
import { Id, Ignored, MAX_NUMBER, Millis, NonEmpty, Nullable, OneOf, SessionKey } from "../../../kit/schema/schema.ts";
import type { SessionPatch } from "./patch.ts";
import {
  PreviewItem,
  ResolvedModel,
  SearchMatch,
  SessionDefaults,
  SessionEntry,
  SessionRow,
  SessionRowV3,
  STORE,
} from "./schema.ts";
import type { SessionFilter } from "./session-list.ts";
import type { Session } from "./session-rows.ts";
import { defineMethod, type Gateway } from "./slice.ts";

const Label = Type.String({ minLength: 1, maxLength: 64 });
const Flag = Type.Optional(Type.Boolean());
const Level = Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 256 })));

const MAX_PREVIEW_KEYS = 64;
/** The most rows for which titles and last messages are looked up. */
const MAX_TITLED = 300;
const DELETE_WAIT_MS = 15_000;

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

export const create = defineMethod({
  name: "sessions.create",
  summary: "Begins a conversation; one that is there already stays as it is.",
  access: "operator.write",
  params: {
    key: Type.Optional({ ...SessionKey, description: "Made up when it is left out." }),
    agentId: Type.Optional(Id),
    label: Type.Optional(Label),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    parentSessionKey: Type.Optional({
      ...SessionKey,
      description: "Accepted; conversations do not know which came before.",
    }),
    succeedsParent: Ignored,
    emitCommandHooks: Ignored,
  },
  result: Type.Object({
    ok: Type.Literal(true),
    key: NonEmpty,
    sessionId: NonEmpty,
    entry: SessionEntry,
    runStarted: Type.Literal(false),
    resolved: ResolvedModel,
  }),
  handler({ params: { key: spelled, agentId, label, model }, gateway }) {
    const { sessions } = gateway;
    const key = sessions.keyOf(spelled ?? `dashboard:${sessions.newId()}`, agentId);
    const ref = model && sessions.models.now.refOf(model);
    const patch = { ...defined({ label }), ...(ref && { model: ref }) };
    const isPatched = Object.keys(patch).length > 0 && !sessions.get(key);
    const session = isPatched ? sessions.patch(key, patch) : sessions.ensure(key);
    const entry = sessions.views.entry(session);
    return {
      ...{ ok: true as const, key, sessionId: session.sessionId, entry, runStarted: false as const },
      resolved: resolvedModel(gateway, key),
    };
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

export const patch = defineMethod({
  name: "sessions.patch",
  summary: "Sets what holds for one conversation; null clears.",
  access: "operator.admin",
  params: {
    key: SessionKey,
    label: Type.Optional(Nullable(Label)),
    thinkingLevel: Level,
    verboseLevel: Level,
    reasoningLevel: Level,
    responseUsage: Type.Optional(Nullable(OneOf("off", "tokens", "full", "on"))),
    elevatedLevel: Level,
    execHost: Level,
    execSecurity: Level,
    execAsk: Level,
    execNode: Level,
    model: Level,
    spawnedBy: Level,
    sendPolicy: Type.Optional(Nullable(OneOf("allow", "deny"))),
    groupActivation: Type.Optional(Nullable(OneOf("mention", "always"))),
    queueMode: Level,
  },
  result: Type.Object({ ok: Type.Literal(true), path: NonEmpty, key: NonEmpty, entry: SessionEntry }),
  handler: ({ params: { key, ...change }, gateway }) => patched(gateway, gateway.sessions.canonical(key), change),
  four: {
    params: {
      agentId: Type.Optional(Id),
      pinned: Type.Optional(Nullable(Type.Boolean({ description: "Whether it stands above the others." }))),
      archived: Type.Optional(
        Nullable(Type.Boolean({ description: "Whether it is put away; a message brings it back." })),
      ),
      ...{ unread: Ignored, expectedMarkedUnreadAt: Ignored },
    },
    result: Type.Object({
      ...{ ok: Type.Literal(true), path: NonEmpty, key: NonEmpty, entry: SessionEntry },
      resolved: ResolvedModel,
    }),
    handler({ params, gateway }) {
      const { key: spelled, agentId, unread: _unread, expectedMarkedUnreadAt: _at, ...change } = params;
      const key = gateway.sessions.keyOf(spelled, agentId);
      return { ...patched(gateway, key, change), resolved: resolvedModel(gateway, key) };
    },
  },
});

export const reset = defineMethod({
  name: "sessions.reset",
  summary: "Begins a conversation anew; what is set for it stays.",
  access: "operator.admin",
  params: { key: SessionKey },
  result: Type.Object({ ok: Type.Literal(true), key: NonEmpty, entry: SessionEntry }),
  handler({ params, gateway: { sessions } }) {
    const key = sessions.canonical(params.key);
    return { ok: true as const, key, entry: sessions.views.entry(sessions.reset(key)) };
  },
  four: {
    params: {
      reason: Type.Optional({ ...OneOf("reset", "new"), description: "What sessions.changed says of it." }),
      agentId: Type.Optional(Id),
    },
    result: Type.Object({ ok: Type.Literal(true), key: NonEmpty, entry: SessionEntry, resolved: ResolvedModel }),
    handler({ params: { key: spelled, reason, agentId }, gateway }) {
      const { sessions } = gateway;
      const key = sessions.keyOf(spelled, agentId);
      const entry = sessions.views.entry(sessions.reset(key, reason));
      return { ok: true as const, key, entry, resolved: resolvedModel(gateway, key) };
    },
  },
});

export const remove = defineMethod({
  name: "sessions.delete",
  summary: "Deletes a conversation and what was said in it.",
  access: "operator.admin",
  params: { key: SessionKey, deleteTranscript: Type.Optional(Type.Boolean({ description: "Default true." })) },
  result: Type.Object({
    ok: Type.Literal(true),
    key: NonEmpty,
    deleted: Type.Boolean(),
    archived: Type.Array(Type.String()),
  }),
  async handler({ params, gateway }) {
    const key = gateway.sessions.canonical(params.key);
    gateway.sessions.requireDeletable(key);
    if (!(await gateway.sessions.runs.now.whenIdle(key, DELETE_WAIT_MS))) {
      throw new GatewayError("UNAVAILABLE", `Session ${key} is still active; try again in a moment.`, {
        retryable: true,
      });
    }
    const deleted = gateway.sessions.delete(key, { keepTranscript: params.deleteTranscript === false });
    return { ok: true as const, key, deleted, archived: [] };
  },
});

export const compact = defineMethod({
  name: "sessions.compact",
  summary: "Keeps only the last messages of a conversation; the others stay searchable.",
  access: "operator.admin",
  params: {
    key: SessionKey,
    maxLines: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_NUMBER, description: "Default 400." })),
  },
  result: Type.Object({
    ok: Type.Literal(true),
    key: NonEmpty,
    compacted: Type.Boolean(),
    reason: Type.Optional(NonEmpty),
    kept: Type.Optional(Type.Integer({ minimum: 0 })),
    archived: Type.Optional(NonEmpty),
  }),
  handler({ params, gateway }) {
    const key = gateway.sessions.canonical(params.key);
    const session = gateway.sessions.get(key);
    if (!session) return { ok: true as const, key, compacted: false, reason: "no sessionId" };
    const { transcript } = gateway.sessions;
    if (transcript.count(session.sessionId) === 0)
      return { ok: true as const, key, compacted: false, reason: "no transcript" };
    const archived = transcript.archiveAllBut(session.sessionId, params.maxLines ?? 400);
    return { ok: true as const, key, compacted: archived > 0, kept: transcript.count(session.sessionId) };
  },
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

function patched({ sessions }: Gateway, key: string, change: SessionPatch) {
  const model = change.model && sessions.models.now.refOf(change.model);
  const session = sessions.patch(key, model ? { ...change, model } : change);
  return { ok: true as const, path: STORE, key, entry: sessions.views.entry(session) };
}

function resolvedModel({ sessions }: Gateway, key: string) {
  const ref = sessions.models.now.modelNameOf(key);
  const slash = ref?.indexOf("/") ?? -1;
  return { modelProvider: ref?.slice(0, slash) || null, model: ref?.slice(slash + 1) || null };
}
