/** The `discovery` section. */
import { Type } from "@sinclair/typebox";
import { OneOf } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const text = (description: string) => Type.String({ minLength: 1, maxLength: 200, description });

export const discovery = defineSettings({
  path: "discovery",
  summary: "How other machines find this gateway by themselves.",
  reload: "restart",
  schema: Type.Object({
    name: Type.Optional(text("The name that people see; the machine's name by default.")),
    mdns: Type.Object({
      mode: Type.Optional({
        ...OneOf("off", "minimal", "full"),
        description:
          "Whether a gateway that listens beyond loopback announces itself in the local network; `full` adds the ssh port, the path of the command and the tailnet name. `minimal` by default, `off` in a container.",
      }),
      interfaces: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description:
          "Addresses of the interfaces to announce it on, over IPv6 too where such an interface has it; all but loopback when it is empty.",
      }),
    }),
    wideArea: Type.Object({
      enabled: Type.Boolean({
        default: false,
        description: "Whether `moltbot gateways discover` asks name servers too.",
      }),
      domain: Type.String({
        default: "moltbot.internal",
        minLength: 1,
        maxLength: 200,
        description: "The domain of the zone that `moltbot dns zone` writes.",
      }),
    }),
  }),
});
