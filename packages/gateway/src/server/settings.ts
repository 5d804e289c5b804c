/** The `gateway` section of the config file: where it listens, who gets in, and how clients find it. */
import { Type } from "@sinclair/typebox";
import { OneOf, Secret } from "../kit/schema.ts";
import { defineSettings } from "../kit/settings.ts";

export const settings = defineSettings({
  path: "gateway",
  summary: "Where the gateway listens and who gets in.",
  reload: "restart",
  schema: Type.Object({
    mode: Type.Union([Type.Literal("local"), Type.Literal("remote")], { default: "local" }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 18789, description: "TCP port for HTTP and WebSocket." }),
    bind: Type.Union(
      ["loopback", "lan", "tailnet", "auto", "custom"].map((mode) => Type.Literal(mode)),
      { default: "loopback", description: "Which addresses to listen on; `auto` is loopback." },
    ),
    customBindHost: Type.Optional(Type.String({ minLength: 1, description: "The address for bind: custom." })),
    allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: "Further host names under which browsers may reach the gateway.",
    }),
    trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: "Exact addresses of reverse proxies whose forwarding headers count.",
    }),
    auth: Type.Object({
      mode: Type.Optional(OneOf("token", "password", "none")),
      token: Type.Optional(Secret),
      password: Type.Optional(Secret),
    }),
    controlUi: Type.Object({
      enabled: Type.Boolean({ default: true }),
      allowedOrigins: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: "Further browser origins that may connect.",
      }),
      allowInsecureAuth: Type.Boolean({ default: false }),
      dangerouslyDisableDeviceAuth: Type.Boolean({ default: false }),
    }),
    tls: Type.Object({
      enabled: Type.Boolean({ default: false }),
      autoGenerate: Type.Boolean({ default: true }),
      certPath: Type.Optional(Type.String({ minLength: 1 })),
      keyPath: Type.Optional(Type.String({ minLength: 1 })),
    }),
    remote: Type.Object({
      url: Type.Optional(Type.String({ minLength: 1 })),
      token: Type.Optional(Secret),
      password: Type.Optional(Secret),
      tlsFingerprint: Type.Optional(Type.String({ minLength: 1 })),
    }),
  }),
});

/** The section's values in force. */
export type GatewaySettings = ReturnType<typeof settings.parse>["value"];
