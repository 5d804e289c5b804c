/** The `canvasHost` section: pages that agents write, and screens that they draw. */
import { type Static, Type } from "@sinclair/typebox";
import { defineSettings } from "../../../kit/settings.ts";

const CanvasHost = Type.Object({
  enabled: Type.Boolean({
    default: true,
    description: "Whether the canvas is served. `MOLTBOT_SKIP_CANVAS_HOST=1` switches it off as well.",
  }),
  root: Type.Optional(
    Type.String({
      minLength: 1,
      description: "The folder that is served; `canvas` in the default agent's workspace by default.",
    }),
  ),
  port: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65535,
      description:
        "The canvas's own TCP port; the gateway's plus 4 by default, so usually 18793. `MOLTBOT_CANVAS_PORT` wins over it.",
    }),
  ),
  liveReload: Type.Boolean({ default: true, description: "Whether open pages load again when their files change." }),
  remoteImages: Type.Boolean({
    default: false,
    description:
      "Whether pages may show pictures of other sites over https. A picture's address can carry what the agent knows.",
  }),
});
export type CanvasHostSettings = Static<typeof CanvasHost>;

export const canvasHost = defineSettings({
  path: "canvasHost",
  summary: "Pages that agents write, and screens that they draw.",
  reload: "restart",
  schema: CanvasHost,
});
