/** `moltbot models` — which models there are, which one answers, and whether it does. */
import { defineGroup } from "../language/command.ts";
import { auth } from "../models/auth.ts";
import { list, status } from "../models/list.ts";
import { scan } from "../models/scan.ts";
import { set } from "../models/set.ts";
import { test } from "../models/test.ts";

/** Models, the one that answers, and the keys of those who host them. */
export const models = defineGroup({
  summary: "Connect models, choose the one that answers, and try it",
  alone: list,
  commands: { list, status, set, test, auth, scan },
});
