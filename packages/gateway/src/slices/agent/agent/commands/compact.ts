/** Summing up a conversation by hand, and taking that back. */
import { GatewayError } from "../../../../base/errors.ts";
import { type Command, type CommandCall, firstWord } from "../../../../kit/command.ts";
import { tokensText } from "../../usage/usage.ts";
import { defineCommand, type Gateway } from "../slice.ts";

const compact = defineCommand({
  name: "compact",
  usage: "[WHAT TO KEEP IN MIND | undo]",
  needs: "operator.write",
  summary: "sums up the older part of this conversation for the model; undo takes it back",
  choices: () => ["undo"],
  async run(call) {
    const { word, rest } = firstWord(call.args);
    if (word.toLowerCase() === "undo" && rest === "") return undo(call);
    return await sumUp(call);
  },
});

export const compactCommands: readonly Command[] = [compact];

async function sumUp({ args, sessionKey, runId, signal, gateway: { agent } }: CommandCall<Gateway>): Promise<string> {
  const instructions = args.trim() === "" ? undefined : args.trim().slice(0, 4_000);
  const result = await agent.compact({ sessionKey, runId, signal, instructions });
  if (result.kind === "nothing") return `Nothing was summarised: ${result.why}.`;
  const { messages, tokensBefore, tokensAfter } = result;
  return (
    `The model sees a summary of ${messages} older messages now: about ${tokensText(tokensBefore)} tokens became ` +
    `${tokensText(tokensAfter)}. Nothing is lost; \`/compact undo\` takes it back.`
  );
}

function undo({ sessionKey, gateway: { agent } }: CommandCall<Gateway>): string {
  if (!agent.compaction.undo(sessionKey))
    throw new GatewayError("INVALID_REQUEST", "There is no summary here to take back.");
  return "Taken back: the model sees again what the summary stood for.";
}
