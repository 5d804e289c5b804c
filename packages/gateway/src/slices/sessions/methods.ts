/** The methods of sessions. */
import { Type } from "@sinclair/typebox";
import { GatewayError } from "../../base/errors.ts";
import { defineMethod } from "../../kit/method.ts";
import { Id, Millis, NonEmpty, Nullable, OneOf, SessionKey } from "../../kit/schema.ts";
import { PreviewItem, SearchMatch, SessionEntry, SessionRow, STORE } from "./schema.ts";

const Label = Type.String({ minLength: 1, maxLength: 64 });
const Flag = Type.Optional(Type.Boolean());
const Level = Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 256 })));

const MAX_PREVIEW_KEYS = 64;
/** Titles and last messages are looked up for so many rows. */
const MAX_TITLED = 300;
const DELETE_WAIT_MS = 15_000;

export const list = defineMethod({
  name: "sessions.list",
  summary: "Lists conversations, the newest first.",
  access: "operator.read",
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    activeMinutes: Type.Optional(Type.Integer({ minimum: 1 })),
    includeGlobal: Flag,
    includeUnknown: Flag,
    includeDerivedTitles: Flag,
    includeLastMessage: Flag,
    label: Type.Optional(Label),
    spawnedBy: Type.Optional(SessionKey),
    agentId: Type.Optional(Id),
    search: Type.Optional(Type.String({ maxLength: 512 })),
  },
  result: Type.Object({
    ts: Millis,
    path: NonEmpty,
    count: Type.Integer({ minimum: 0 }),
    defaults: Type.Object({
      modelProvider: Nullable(NonEmpty),
      model: Nullable(NonEmpty),
      contextTokens: Nullable(Type.Integer({ minimum: 1 })),
    }),
    sessions: Type.Array(SessionRow),
  }),
  handler({ params, gateway }) {
    const sessions = gateway.sessions
      .list(params)
      .map((session, index) => gateway.sessions.row(session, index < MAX_TITLED ? params : {}));
    const model = gateway.agent.defaultModel();
    return {
      ts: gateway.clock.now(),
      path: STORE,
      count: sessions.length,
      defaults: {
        modelProvider: model?.provider.id ?? null,
        model: model?.id ?? null,
        contextTokens: model?.contextWindow ?? null,
      },
      sessions,
    };
  },
});

export const preview = defineMethod({
  name: "sessions.preview",
  summary: "Shows the last messages of several conversations, shortened.",
  access: "operator.read",
  params: {
    keys: Type.Array(SessionKey, { minItems: 1 }),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    maxChars: Type.Optional(Type.Integer({ minimum: 20 })),
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
      const items = gateway.sessions.transcript.preview(session.sessionId, { limit, maxChars });
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
  handler: ({ params, gateway }) => ({
    ts: gateway.clock.now(),
    query: params.query,
    matches: gateway.sessions.transcript.search(params.query, params.limit ?? 20),
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
  handler: ({ params, gateway }) => ({ ok: true as const, key: gateway.sessions.resolve(params).key }),
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
  handler({ params: { key: spelled, ...change }, gateway }) {
    const key = gateway.sessions.canonical(spelled);
    const model = change.model && gateway.models.require(change.model).ref;
    const session = gateway.sessions.patch(key, model ? { ...change, model } : change);
    return { ok: true as const, path: STORE, key, entry: gateway.sessions.entry(session) };
  },
});

export const reset = defineMethod({
  name: "sessions.reset",
  summary: "Begins a conversation anew; what is set for it stays.",
  access: "operator.admin",
  params: { key: SessionKey },
  result: Type.Object({ ok: Type.Literal(true), key: NonEmpty, entry: SessionEntry }),
  handler({ params, gateway }) {
    const key = gateway.sessions.canonical(params.key);
    return { ok: true as const, key, entry: gateway.sessions.entry(gateway.sessions.reset(key)) };
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
    if (!(await gateway.agent.whenIdle(key, DELETE_WAIT_MS))) {
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
  params: { key: SessionKey, maxLines: Type.Optional(Type.Integer({ minimum: 1, description: "Default 400." })) },
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
