/** Methods about Web Push (protocol: push.web.*). Each speaks of the caller's own device. */
import { Type } from "@sinclair/typebox";
import { defineMethod } from "./slice.ts";

const Endpoint = Type.String({ minLength: 1, maxLength: 2_048, description: "The address at the push service." });
const Key = Type.String({ minLength: 1, maxLength: 128 });

export const vapidPublicKey = defineMethod({
  name: "push.web.vapidPublicKey",
  summary: "The key that a browser subscribes with, in base64url.",
  access: "operator.read",
  params: {},
  result: Type.Object({ vapidPublicKey: Type.String() }),
  handler: ({ gateway }) => ({ vapidPublicKey: gateway.push.publicKey }),
});

export const subscribe = defineMethod({
  name: "push.web.subscribe",
  summary:
    "Keeps where this device's browser is reached; it is called for approvals and replies while no page is in view.",
  access: "operator.read",
  params: { endpoint: Endpoint, keys: Type.Object({ p256dh: Key, auth: Key }) },
  result: Type.Object({ subscribed: Type.Literal(true) }),
  handler({ params, gateway, caller }) {
    gateway.push.subscribe(caller, params);
    return { subscribed: true as const };
  },
});

export const unsubscribe = defineMethod({
  name: "push.web.unsubscribe",
  summary: "Forgets a subscription of this device; without an endpoint, all of them.",
  access: "operator.read",
  params: { endpoint: Type.Optional(Endpoint) },
  result: Type.Object({ removed: Type.Integer({ minimum: 0 }) }),
  handler: ({ params, gateway, caller }) => ({ removed: gateway.push.unsubscribe(caller, params.endpoint) }),
});

export const test = defineMethod({
  name: "push.web.test",
  summary: "Calls this device's browsers now, and says what became of it.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    sent: Type.Integer({ minimum: 0, description: "Messages that the push service has taken." }),
    problems: Type.Array(Type.String(), { description: "Why the others were not taken." }),
  }),
  handler: ({ gateway, caller }) => gateway.push.test(caller),
});

export const looking = defineMethod({
  name: "push.web.looking",
  summary: "Says whether a page of this device is in view; until the connection ends, or it says otherwise.",
  access: "operator.read",
  params: { isLooking: Type.Boolean() },
  result: Type.Object({}),
  handler({ params, gateway, caller, signal }) {
    gateway.push.looking(caller, params.isLooking, signal);
    return {};
  },
});

export const nodeVapidPublicKey = defineMethod({
  name: "push.node.vapidPublicKey",
  summary: "The key that the page of a node subscribes with, in base64url.",
  access: "node",
  params: {},
  result: Type.Object({ vapidPublicKey: Type.String() }),
  handler: ({ gateway }) => ({ vapidPublicKey: gateway.push.publicKey }),
});

export const nodeSubscribe = defineMethod({
  name: "push.node.subscribe",
  summary: "Keeps where this node's page is reached; it is called to the front when it is asked for something.",
  access: "node",
  params: { endpoint: Endpoint, keys: Type.Object({ p256dh: Key, auth: Key }) },
  result: Type.Object({ subscribed: Type.Literal(true) }),
  handler({ params, gateway, caller }) {
    gateway.push.subscribe(caller, params);
    return { subscribed: true as const };
  },
});
