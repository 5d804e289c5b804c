/** Choosing and trying the model that answers. */
import { type Command, type CommandCall, firstWord, mayUse } from "../../../kit/command.ts";
import { connectHint } from "./connect-hint.ts";

const MAX_LISTED = 40;

const model: Command = {
  name: "model",
  aliases: ["models"],
  usage: "[PROVIDER/MODEL | test]",
  needs: "operator.read",
  summary: "shows, chooses or tries the model that answers",
  async run(call) {
    const { word, rest } = firstWord(call.args);
    if (word === "" || word === "list") return await list(call);
    if (word === "test") return await test(call, rest);
    return await choose(call, word === "set" ? rest : call.args);
  },
};

export const modelCommands: readonly Command[] = [model];

async function list(call: CommandCall): Promise<string> {
  const { sessionKey, gateway } = call;
  const models = await gateway.models.list();
  const current = gateway.agent.modelNameOf(sessionKey);
  const lines = models.slice(0, MAX_LISTED).map(({ ref, provider }) => {
    const where = provider.origin === "found" ? ` (${provider.label}, on this machine)` : "";
    return `- \`${ref}\`${where}${ref === current ? " ← answers here" : ""}`;
  });
  const head = current === undefined ? connectHint(call) : `**${current}** answers here.`;
  if (lines.length === 0) return head;
  return `${head}\n\n${lines.join("\n")}\n\nChoose with \`/model PROVIDER/MODEL\`, try with \`/model test\`.`;
}

async function choose({ gateway, starter }: CommandCall, ref: string): Promise<string> {
  if (!mayUse({ needs: "operator.admin" }, starter)) {
    return "Choosing the model changes the config, which needs the operator.admin scope; this connection does not have it.";
  }
  const chosen = await gateway.models.choose(ref.trim());
  return `${chosen.ref} answers from now on. \`/model test\` tries it.`;
}

async function test(
  { sessionKey, signal, gateway: { agent, clock, models } }: CommandCall,
  ref: string,
): Promise<string> {
  const named = ref.trim() === "" ? agent.modelOf(sessionKey) : models.require(ref.trim());
  if (!named) return "No model is connected yet. `/model` shows which could be.";
  const startedAt = clock.monotonic();
  const reply = await models.ask(named, "Answer with the single word: ready", signal);
  return `${named.ref} answered “${reply.trim().slice(0, 100)}” in ${((clock.monotonic() - startedAt) / 1000).toFixed(1)} s.`;
}
