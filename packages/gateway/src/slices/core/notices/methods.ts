/** Methods that leave news for an agent's next turn. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { MAX_NUMBER } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

const OptionalText = Type.Optional(Type.String({ maxLength: 500 }));
const OptionalNames = Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50 }));

/** What a beacon may say of its sender; the presence row takes over what it says. */
const beaconFacts = {
  deviceId: OptionalText,
  instanceId: OptionalText,
  host: OptionalText,
  ip: OptionalText,
  mode: OptionalText,
  version: OptionalText,
  platform: OptionalText,
  deviceFamily: OptionalText,
  modelIdentifier: OptionalText,
  reason: OptionalText,
  roles: OptionalNames,
  scopes: OptionalNames,
};

export const systemEvent = defineMethod({
  name: "system-event",
  summary: "A beacon: updates the sender's presence and tells the agent what is new on its next turn.",
  access: "operator.admin",
  open: true,
  params: {
    ...beaconFacts,
    text: Type.Optional(Type.Unknown()),
    lastInputSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_NUMBER })),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  result: Type.Object({ ok: Type.Literal(true) }),
  handler({ params, gateway: { presence, notices, sessions } }) {
    const text = typeof params.text === "string" ? params.text.trim().slice(0, 4_000) : "";
    if (text === "") throw invalidRequest("text required");
    const names = Object.keys(beaconFacts) as (keyof typeof beaconFacts)[];
    const said = names.filter((name) => params[name] !== undefined).map((name) => [name, params[name]]);
    const lastInputSeconds =
      params.lastInputSeconds === undefined ? {} : { lastInputSeconds: Math.round(params.lastInputSeconds) };
    const news = presence.beacon({ ...Object.fromEntries(said), ...lastInputSeconds, text });
    const from = { kind: "event", id: "a client of the gateway" } as const;
    // What an app tells of itself is no reason to ask a model.
    const isNews = !text.startsWith("Node:");
    if (news) notices.add(sessions.mainKey(), { text: news, from }, { isNews });
    return { ok: true as const };
  },
});
