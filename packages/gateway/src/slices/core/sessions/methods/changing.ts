/** Methods that make, change and delete conversations. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { GatewayError } from "../../../../base/errors.ts";
import { requireScope } from "../../../../kit/access.ts";
import { Id, Ignored, MAX_NUMBER, NonEmpty, Nullable, OneOf, SessionKey } from "../../../../kit/schema/schema.ts";
import type { SessionPatch } from "../patch.ts";
import { ResolvedModel, SessionEntry, STORE } from "../schema.ts";
import { defineMethod, type Gateway } from "../slice.ts";
import { Label } from "./label.ts";

const Level = Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 256 })));

const DELETE_WAIT_MS = 15_000;

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

/** What clients of protocol 4 may set with operator.write; the rest says what agents may do, or to whom. */
const OF_WRITERS: ReadonlySet<string> = new Set(["label", "pinned", "archived", "model", "thinkingLevel"]);

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
    access: "operator.write",
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
    handler({ params, gateway, caller }) {
      const { key: spelled, agentId, unread: _unread, expectedMarkedUnreadAt: _at, ...change } = params;
      if (Object.keys(change).some((name) => !OF_WRITERS.has(name))) requireScope(caller, "operator.admin");
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
    if (archived > 0) gateway.sessions.watchers.changed(key, { reason: "compact" });
    return { ok: true as const, key, compacted: archived > 0, kept: transcript.count(session.sessionId) };
  },
});

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
