// The tools page as the shell sees it.

import { toolIcon } from "../chat/icons.ts";
import { defineView } from "../view.ts";
import { Tools } from "./tools.ts";

export const toolsView = defineView({
  id: "tools",
  label: "Tools and skills",
  icon: toolIcon,
  scope: "read",
  open: (host) => new Tools(host),
  element: async () => (await import("./page.ts")).ToolsElement,
});
