/** What the models slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const models = defineSlice({
  name: "models",
  uses: [agents, sessions],
  load: () => import("./models.ts"),
  open(gateway, { Models }) {
    const models = new Models(gateway);
    gateway.sessions.models.fill({
      refOf: (name) => models.require(name).ref,
      modelNameOf: (sessionKey) => models.chosen.modelNameOf(sessionKey),
      sessionDefaults: () => models.chosen.sessionDefaults(),
    });
    return models;
  },
});

/** What methods of models reach. */
export type Gateway = GatewayOf<typeof models>;

export const { defineMethod } = models;
