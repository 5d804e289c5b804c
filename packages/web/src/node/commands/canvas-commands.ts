// The canvas commands that truly work in a page: a page cannot look into the sandboxed frame, so there is neither eval nor
// snapshot.

import { said, t } from "../../words/t.ts";
import { type Canvas, messagesIn } from "../canvas/canvas-frame.ts";
import type { CommandCall, NodeCommand } from "./command.ts";
import { badParams } from "./failure.ts";
import { textIn } from "./params.ts";

export function canvasCommands(canvas: Canvas): NodeCommand[] {
  return [
    command("canvas.present", said("a page to be shown"), ({ params }) => canvas.present(textIn(params, "url"))),
    command("canvas.navigate", said("another page to be shown"), async ({ params }) => {
      const url = textIn(params, "url");
      if (url === undefined) throw badParams("url required");
      await canvas.present(url);
    }),
    { ...command("canvas.hide", said("the page to be hidden"), async () => canvas.hide()), worksHidden: true },
    command("canvas.a2ui.push", said("a surface to be drawn"), async ({ params, signal }) => {
      const { messages, jsonl } = params;
      if (typeof jsonl === "string") return await canvas.push(messagesIn(jsonl), signal);
      if (!Array.isArray(messages)) throw badParams("messages must be a list");
      return await canvas.push(messages, signal);
    }),
    command("canvas.a2ui.pushJSONL", said("a surface to be drawn"), async ({ params, signal }) => {
      return await canvas.push(messagesIn(textIn(params, "jsonl") ?? ""), signal);
    }),
    command("canvas.a2ui.reset", said("the surfaces to be cleared"), async ({ signal }) => await canvas.reset(signal)),
  ];
}

function command(name: string, what: string, run: (call: CommandCall) => Promise<unknown>): NodeCommand {
  return {
    ...{ name, cap: "canvas", worksHidden: false },
    asksFor: () => t(what),
    run: async (call) => (await run(call)) ?? {},
  };
}
