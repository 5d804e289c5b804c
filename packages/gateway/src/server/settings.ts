/** The `gateway` section of the config file: where it listens, who gets in, and how clients find it. */
import { Type } from "@sinclair/typebox";
import { OneOf, SecretLine } from "../kit/schema/schema.ts";
import { defineSettings } from "../kit/settings.ts";

const text = (description: string) => Type.String({ minLength: 1, description });
const flag = (fallback: boolean, description: string) => Type.Boolean({ default: fallback, description });
const list = (description: string) => Type.Array(Type.String({ minLength: 1 }), { default: [], description });

export const settings = defineSettings({
  path: "gateway",
  summary: "Where the gateway listens and who gets in.",
  reload: "restart",
  // What only the command line reads. In mode `remote` no gateway starts: a restart for it would not come back.
  needsRestart(before, after) {
    const own = ({ mode: _, remote: __, ...others }: typeof before) => JSON.stringify(others);
    return own(before) !== own(after);
  },
  schema: Type.Object({
    mode: Type.Union([Type.Literal("local"), Type.Literal("remote")], {
      default: "local",
      description:
        "`remote` makes the command line of this machine use the gateway at `gateway.remote.url`. No gateway starts here then; one that runs goes on until it is stopped.",
    }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 18789, description: "TCP port for HTTP and WebSocket." }),
    bind: Type.Union(
      ["loopback", "lan", "tailnet", "auto", "custom"].map((mode) => Type.Literal(mode)),
      { default: "loopback", description: "Which addresses to listen on; `auto` is loopback." },
    ),
    customBindHost: Type.Optional(text("The address for `bind: custom`.")),
    allowedHosts: list("Further host names under which browsers may reach the gateway."),
    trustedProxies: list("Exact addresses of reverse proxies whose forwarding headers count."),
    auth: Type.Object({
      mode: Type.Optional({
        ...OneOf("token", "password", "none"),
        description: "How clients sign in; `none` on loopback only.",
      }),
      token: Type.Optional({ ...SecretLine, description: "The token that clients must show." }),
      password: Type.Optional({ ...SecretLine, description: "The password that clients must show." }),
      allowTailscale: flag(
        false,
        "Lets devices that come through `tailscale serve` in without the secret when Tailscale itself names their user; each device still waits for approval.",
      ),
    }),
    localPairing: {
      ...OneOf("silent", "ask"),
      default: "silent",
      description:
        "What happens to a new device on this machine, or at the end of an ssh tunnel, that shows the secret: `silent` pairs it, `ask` has it wait for approval, and the secret without a device opens only what http.endpoints and metrics switch on.",
    },
    controlUi: Type.Object({
      enabled: flag(true, "Whether the gateway serves WebChat."),
      allowedOrigins: list("Further browser origins that may connect."),
      allowInsecureAuth: flag(
        false,
        "Lets a control UI without a device identity in, from this machine, with the secret alone.",
      ),
      dangerouslyDisableDeviceAuth: flag(false, "Ignores the device identity of control UIs."),
    }),
    tailscale: Type.Object({
      mode: Type.Union(
        ["off", "auto", "serve", "funnel"].map((mode) => Type.Literal(mode)),
        {
          default: "off",
          description:
            "`serve` lets the tailnet reach the gateway over https, `funnel` everyone; both end with the gateway. `auto` is serve where Tailscale has https, else the tailnet address, else loopback alone.",
        },
      ),
      port: Type.Union(
        [443, 8443, 10000].map((port) => Type.Literal(port)),
        { default: 443, description: "The port on the tailnet name." },
      ),
      socket: Type.Optional(text("The socket of tailscaled, where it is not the usual one.")),
      resetOnExit: flag(
        true,
        "From earlier versions and without effect; what `mode` opens always ends with the gateway.",
      ),
    }),
    tls: Type.Object({
      enabled: flag(false, "Serve https and wss."),
      autoGenerate: flag(true, "Make a self-signed certificate when none is configured."),
      certPath: Type.Optional(text("The certificate, PEM.")),
      keyPath: Type.Optional(text("Its key, PEM.")),
    }),
    http: Type.Object({
      endpoints: Type.Object({
        chatCompletions: Type.Object({ enabled: flag(false, "Serve POST /v1/chat/completions.") }),
        responses: Type.Object({ enabled: flag(false, "Serve POST /v1/responses.") }),
      }),
    }),
    nodes: Type.Object({
      commands: Type.Object({
        allow: list("Commands of nodes that are allowed beside the usual ones, such as camera.snap."),
        deny: list("Commands of nodes that are never allowed; this wins."),
      }),
      allowCommands: list("An earlier name of nodes.commands.allow; both count."),
      denyCommands: list("An earlier name of nodes.commands.deny; both count."),
    }),
    remote: Type.Object({
      url: Type.Optional(
        text(
          "The gateway that the command line uses in mode `remote`: ws:// or wss://. With `sshTarget`, as seen from there.",
        ),
      ),
      sshTarget: Type.Optional(text("The machine to go through with ssh: user@host or user@host:port.")),
      sshIdentity: Type.Optional(text("The key file for ssh.")),
      insecure: flag(false, "Whether ws:// may cross a network, where everyone on the way can read the secret."),
      token: Type.Optional({ ...SecretLine, description: "Its token." }),
      password: Type.Optional({ ...SecretLine, description: "Its password." }),
      tlsFingerprint: Type.Optional(
        text("SHA-256 of the certificate to accept, and no other; `spki:` before it means its key."),
      ),
    }),
  }),
});

/** The section's values in force. */
export type GatewaySettings = ReturnType<typeof settings.parse>["value"];
