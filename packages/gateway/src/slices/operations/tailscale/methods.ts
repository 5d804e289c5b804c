/** The methods of Tailscale. */
import { Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

export const status = defineMethod({
  name: "tailscale.status",
  summary: "Whether Tailscale brings others to this gateway, under which address, and why not.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    mode: OneOf("off", "serve", "funnel"),
    state: OneOf("off", "starting", "active", "failed"),
    url: Type.Optional(Type.String({ description: "The address of the pages, https://." })),
    reason: Type.Optional(Type.String({ description: "Why it is not active, and what to do." })),
  }),
  handler: ({ gateway }) => gateway.tailscale.status(),
});
