// Why something stands among what is to be done, and what does it in a terminal.

import { shellWord } from "../control/shell-word.ts";
import { openWhy } from "../kit/why.ts";
import type { PageHost } from "../view.ts";
import { said, t } from "../words/t.ts";
import type { Todo } from "./todo.ts";

const BECAUSE: Readonly<Record<Todo["kind"], string>> = {
  approval: said("The agent may not run this by itself, so it waits for you."),
  sender: said("Strangers get a code, and nothing that they write reaches the agent until you let them in."),
  device: said("A device that the gateway does not know waits until somebody lets it in."),
  node: said("What a node offers is used only after somebody has approved it."),
  page: said("The button opens the page on which you can mend it."),
  backup: said("A backup is late: what happened since the last one would be lost with this disk."),
  update: said("A newer version is out."),
};

export function whyTodo(host: PageHost, todo: Todo): void {
  openWhy(host, {
    title: todo.title,
    because: `${t(BECAUSE[todo.kind])} ${todo.text}`,
    command: commandOf(todo),
  });
}

function commandOf(todo: Todo): string {
  switch (todo.kind) {
    case "approval":
      return "moltbot approvals list";
    case "sender":
      return `moltbot pairing approve ${todo.channel} ${shellWord(todo.code)}`;
    case "device":
      return `moltbot devices approve ${todo.requestId}`;
    case "node":
      return `moltbot nodes approve ${todo.requestId}`;
    case "backup":
      return "moltbot backup now";
    case "update":
      return "moltbot update";
    case "page":
      return "moltbot status";
  }
}
