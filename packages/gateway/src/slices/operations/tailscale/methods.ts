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
    mode: OneOf("off", "auto", "serve", "funnel"),
    state: OneOf("off", "starting", "active", "failed"),
    via: Type.Optional({
      ...OneOf("serve", "tailnet", "loopback"),
      description: "What `auto` has come to.",
    }),
    url: Type.Optional(Type.String({ description: "The address of the pages, https://." })),
    reason: Type.Optional(
      Type.String({ description: "Why it is not active, or why `auto` came to no more, and what to do." }),
    ),
    identity: Type.Optional(
      Type.Boolean({ description: "Whether users whom Tailscale names are let in without the secret." }),
    ),
  }),
  handler: ({ gateway }) => gateway.tailscale.status(),
});
