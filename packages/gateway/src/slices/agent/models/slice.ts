/** What the models slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const models = defineSlice({
  name: "models",
  uses: [sessions],
  load: () => import("./models.ts"),
  open(gateway, { Models }) {
    const models = new Models(gateway);
    gateway.sessions.models.fill({ refOf: (name) => models.require(name).ref });
    return models;
  },
});

/** What methods of models reach. */
export type Gateway = GatewayOf<typeof models>;

export const { defineMethod } = models;
