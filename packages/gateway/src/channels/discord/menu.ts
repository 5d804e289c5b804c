/** The commands in Discord's own menu. */
import type { API } from "@discordjs/core/http-only";
import { sha256Hex } from "../../base/ids.ts";
import type { ChannelContext } from "../../kit/channel.ts";

const NAME = /^[-_\p{L}\p{N}]{1,32}$/u;
const MAX_COMMANDS = 100;
const MAX_SUMMARY = 100;
const MAX_CHOICES = 25;
const CHAT_INPUT = 1;
const STRING = 3;

/** Puts the commands into the menu, unless they are there already as they are. */
export async function publishMenu(context: ChannelContext, api: API): Promise<void> {
  const commands = context.commands.filter(({ name }) => NAME.test(name)).slice(0, MAX_COMMANDS);
  const menu = commands.map(({ name, summary, ...more }) => ({
    name: name.toLowerCase(),
    description: summary.slice(0, MAX_SUMMARY) || name,
    type: CHAT_INPUT,
    options: [{ ...optionOf(more), type: STRING, required: false }],
  }));
  const hash = sha256Hex(JSON.stringify(menu));
  if (context.state.get("menu") === hash) return;
  const { id } = await api.applications.getCurrent();
  await api.applicationCommands.bulkOverwriteGlobalCommands(id, menu);
  context.state.write({ menu: hash });
}

/** What follows a command: one of its words where nothing else may follow, else any text. */
function optionOf({
  usage = "what to add",
  choices = [],
}: Omit<ChannelContext["commands"][number], "name" | "summary">) {
  const isClosed = choices.length > 0 && usage.replace(/[[\]\s]/g, "") === choices.join("|");
  return {
    name: "text",
    description: usage.slice(0, MAX_SUMMARY),
    ...(isClosed && { choices: choices.slice(0, MAX_CHOICES).map((word) => ({ name: word, value: word })) }),
  };
}
