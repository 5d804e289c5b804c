// The overview as the shell sees it: how much waits.

import { overviewIcon } from "../chat/icons.ts";
import { defineView } from "../view.ts";
import { t } from "../words/t.ts";
import { OverviewFacts } from "./facts.ts";

export const overviewView = defineView({
  id: "overview",
  get label() {
    return t("Overview");
  },
  icon: overviewIcon,
  scope: "read",
  open: (host) => new OverviewFacts(host),
  badge: ({ todos }) =>
    todos.length === 0 ? [] : [{ kind: "count" as const, count: todos.length, words: t("waiting for you") }],
  element: async () => (await import("./overview.ts")).OverviewElement,
});
