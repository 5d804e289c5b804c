/** The methods of discovery. */
import { Type } from "@sinclair/typebox";
import { Millis, OneOf } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

export const status = defineMethod({
  name: "discovery.status",
  summary: "Whether the local network is told of this gateway, under which name, and why not.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    mode: OneOf("off", "minimal", "full"),
    state: OneOf("off", "starting", "active", "failed"),
    reason: Type.Optional(Type.String({ description: "Why it is not active, and what to do." })),
    name: Type.Optional(Type.String({ description: "The name that others see." })),
    host: Type.Optional(Type.String({ description: "The name of this machine there." })),
    addresses: Type.Optional(Type.Array(Type.String(), { description: "Where it is told that the gateway is." })),
    pins: Type.Array(
      Type.Object({
        certificate: Type.String({ description: "SHA-256 of the certificate, hexadecimal." }),
        key: Type.String({ description: "`spki:` and the SHA-256 of its key." }),
        since: Millis,
        until: Type.Optional(Millis),
      }),
      {
        description:
          "The pins of the certificate, last, and of those that it has replaced, each told for 30 days more. Empty without TLS.",
      },
    ),
    service: Type.Object(
      {
        label: Type.String(),
        host: Type.String({ description: "A label of DNS." }),
        port: Type.Integer(),
        text: Type.Array(Type.String(), { description: "`key=value`, as in a TXT record." }),
        tailnetAddresses: Type.Array(Type.String()),
      },
      { description: "What a name server would tell of it." },
    ),
  }),
  handler: ({ gateway }) => gateway.discovery.status(),
});
