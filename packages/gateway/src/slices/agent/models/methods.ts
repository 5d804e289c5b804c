/** The methods of models. */

import { type Static, Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { shownAddress } from "../../../kit/schema/keys-and-addresses.ts";
import { Id, Ignored, Millis, NonEmpty, Nullable, SessionKey } from "../../../kit/schema/schema.ts";
import type { Trial } from "./providers/trial.ts";
import {
  ModelApi,
  ModelChoice,
  ModelChoiceV3,
  ModelsStatus,
  ModelTrial,
  ProviderAuth,
  ScannedServer,
} from "./schema.ts";
import { defineMethod, type Gateway } from "./slice.ts";

export const list = defineMethod({
  name: "models.list",
  summary: "The models that can be chosen: configured ones, those of set keys, and those found on this machine.",
  access: "operator.read",
  params: {},
  result: Type.Object({ models: Type.Array(ModelChoiceV3) }),
  async handler({ gateway }) {
    const models = await gateway.models.list();
    return {
      models: models.map(({ id, name, provider, contextWindow, reasoning, input }) => ({
        id,
        name,
        provider: provider.id,
        ...defined({ contextWindow, reasoning }),
        ...(input !== undefined && { input: [...input] }),
      })),
    };
  },
  four: {
    params: {
      agentId: Type.Optional(Id),
      sessionKey: Type.Optional(SessionKey),
      provider: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Only this one's." })),
      includeDetails: Type.Optional(
        Type.Boolean({ description: "Says more of each: whether it can be asked now, which one is the default." }),
      ),
      ...{ view: Ignored, refresh: Ignored, preparedOnly: Ignored },
    },
    result: Type.Object({ models: Type.Array(ModelChoice) }),
    async handler({ params: { agentId, sessionKey, provider, includeDetails = false }, gateway }) {
      const { models: all, sessions } = gateway;
      const key = sessions.keyOf(sessionKey ?? sessions.mainKey(agentId), agentId);
      const models = await all.choices({ sessionKey: key, provider });
      if (includeDetails) return { models };
      const brief = models.map(({ id, name, provider: of, contextWindow, reasoning, input }) => ({
        ...{ id, name, provider: of },
        ...defined({ contextWindow, reasoning, input }),
      }));
      return { models: brief };
    },
  },
});

export const authStatus = defineMethod({
  name: "models.authStatus",
  summary: "Which providers have a key, and whether it works. Shows no key.",
  access: "operator.read",
  params: { agentId: Type.Optional(Id) },
  result: Type.Object({
    ts: Millis,
    providers: Type.Array(ProviderAuth),
    providerCapabilities: Type.Array(Type.Unknown()),
  }),
  handler({ gateway: { models, clock } }) {
    const providers = models.providers().map(({ provider: { id, label, origin }, keys }) => {
      const works = keys.length === 0 || keys.some(({ state }) => state !== "rejected");
      return {
        ...{ provider: id, authProvider: id, displayName: label },
        status: works ? ("ok" as const) : ("expired" as const),
        profiles: [],
        ...(keys.length > 0 && {
          apiKey: { source: origin === "environment" ? ("env" as const) : ("config" as const) },
        }),
      };
    });
    return { ts: clock.now(), providers, providerCapabilities: [] };
  },
});

export const status = defineMethod({
  name: "models.status",
  summary: "Which model answers, its fallbacks and short names, and how each provider and key is. Shows no key.",
  access: "operator.read",
  params: { sessionKey: Type.Optional(SessionKey) },
  result: ModelsStatus,
  async handler({ params, gateway }) {
    await gateway.models.lookAround();
    return statusOf(gateway, params.sessionKey);
  },
});

export const set = defineMethod({
  name: "models.set",
  summary:
    "Chooses the model that answers: everywhere, or with sessionKey in one conversation (null: as everywhere). With " +
    "fallback it is asked when the chosen one cannot answer (false: no more); with alias it gets a short name (null: no more).",
  access: "operator.admin",
  params: {
    model: Nullable(NonEmpty),
    sessionKey: Type.Optional(SessionKey),
    fallback: Type.Optional(Type.Boolean()),
    alias: Type.Optional(NonEmpty),
  },
  result: ModelsStatus,
  async handler({ params: { model: name, sessionKey, fallback, alias }, gateway }) {
    const { models, sessions } = gateway;
    if ([sessionKey, fallback, alias].filter((each) => each !== undefined).length > 1)
      throw invalidRequest("Say one of sessionKey, fallback and alias.");
    const ref = name === null ? undefined : models.require(name).ref;
    if (sessionKey !== undefined) sessions.patch(sessions.canonical(sessionKey), { model: ref ?? null });
    else if (alias !== undefined) await models.settings.setAlias(alias, ref);
    else if (ref === undefined) throw invalidRequest("model must be named");
    else if (fallback !== undefined) await models.settings.setFallback(ref, fallback);
    else await models.choose(ref);
    return statusOf(gateway, sessionKey);
  },
});

export const test = defineMethod({
  name: "models.test",
  summary:
    "Asks a model for one word, outside any conversation; with tools and image tries whether it can do that too.",
  access: "operator.write",
  params: {
    model: Type.Optional(NonEmpty),
    tools: Type.Optional(Type.Boolean()),
    image: Type.Optional(Type.Boolean()),
  },
  result: ModelTrial,
  async handler({ params: { model: name, tools, image }, gateway, signal }) {
    const { models } = gateway;
    const model = name === undefined ? models.chosen.modelOf(gateway.sessions.mainKey()) : models.require(name);
    if (!model) throw invalidRequest("No model is connected yet; `moltbot models auth` connects one.");
    try {
      return { model: model.ref, ...trialOf(await models.try(model, { tools, image, signal })) };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ModelError") throw error;
      throw new GatewayError("UNAVAILABLE", error.message, { cause: error });
    }
  },
});

export const authSet = defineMethod({
  name: "models.auth.set",
  summary:
    "Saves a provider's key after one real answer with it; chooses its model when none is chosen. A provider that is not " +
    "known by name needs baseUrl and model. With add the key is kept beside those there are.",
  access: "operator.admin",
  params: {
    provider: Type.String({ minLength: 1, maxLength: 64 }),
    key: Type.String({ format: "secret", minLength: 1, maxLength: 4_096 }),
    model: Type.Optional(NonEmpty),
    baseUrl: Type.Optional(NonEmpty),
    api: Type.Optional(ModelApi),
    add: Type.Optional(Type.Boolean()),
  },
  result: Type.Object({ ...ModelTrial.properties, provider: NonEmpty, isChosen: Type.Boolean() }),
  async handler({ params, gateway, signal }) {
    const hadModel = gateway.models.chosen.modelDefaults().model !== null;
    const { model, trial } = await gateway.models.connect({ ...params, signal });
    if (!hadModel) await gateway.models.choose(model.ref);
    const { id: provider } = model.provider;
    return { ...trialOf(trial), model: model.ref, provider, isChosen: !hadModel };
  },
});

export const authRemove = defineMethod({
  name: "models.auth.remove",
  summary: "Takes a provider's keys out of the config. Keys in the environment stay.",
  access: "operator.admin",
  params: { provider: Type.String({ minLength: 1, maxLength: 64 }) },
  result: Type.Object({
    provider: NonEmpty,
    removed: Type.Integer({ minimum: 0 }),
    stillConnected: Type.Boolean({ description: "A key in the environment keeps it connected." }),
  }),
  async handler({ params, gateway: { models } }) {
    const provider = models.settings.spelled(params.provider);
    const removed = await models.settings.removeKeys(provider);
    const left = models.providers().find(({ provider: { id } }) => id === provider);
    return { provider, removed, stillConnected: (left?.keys.length ?? 0) > 0 };
  },
});

export const scan = defineMethod({
  name: "models.scan",
  summary:
    "Looks for model servers on this machine and what their models can do: as the servers say, else by asking the models " +
    "that are loaded (not with tryModels false).",
  access: "operator.admin",
  params: { tryModels: Type.Optional(Type.Boolean()) },
  result: Type.Object({ servers: Type.Array(ScannedServer) }),
  async handler({ params: { tryModels = true }, gateway, signal }) {
    const servers = await gateway.models.scan({ tryModels, signal });
    return { servers: servers as unknown as Static<typeof ScannedServer>[] };
  },
});

function statusOf({ models, sessions }: Gateway, sessionKey: string | undefined): Static<typeof ModelsStatus> {
  const key = sessionKey === undefined ? sessions.mainKey() : sessions.canonical(sessionKey);
  const { chosen } = models;
  const model = sessionKey === undefined ? chosen.modelDefaults().model : chosen.modelNameOf(key);
  return {
    model: model ?? null,
    fallbacks: chosen.fallbacksOf(key).map(({ ref }) => ref),
    aliases: models.aliases(),
    providers: models.providers().map(({ provider: { id, label, api, baseUrl, origin, models: known }, keys }) => ({
      ...{ id, label, api, baseUrl: shownAddress(baseUrl), origin },
      models: known.length,
      keys: [...keys],
    })),
    unconnected: models.unconnected().map(({ id, label, keyEnv }) => ({ id, label, keyEnv: [...keyEnv] })),
  };
}

function trialOf({ reply, latencyMs, firstTokenMs, callsTools, seesImages }: Trial) {
  return {
    ...{ reply, latencyMs, firstTokenMs },
    ...defined({ callsTools, seesImages }),
  };
}
