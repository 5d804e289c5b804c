/** Choosing and trying the model that answers. */
import { invalidRequest } from "../../../../base/errors.ts";
import { type Command, type CommandCall, firstWord, mayUse } from "../../../../kit/command.ts";
import { defineCommand, type Gateway } from "../slice.ts";
import { connectHint } from "./connect-hint.ts";

const MAX_LISTED = 40;
const MAX_CHOICES = 25;

const model = defineCommand({
  name: "model",
  aliases: ["models"],
  usage: "[MODEL | default MODEL | reset | test [MODEL]]",
  needs: "operator.read",
  summary: "shows, chooses or tries the model that answers",
  choices: (gateway) => choices(gateway),
  async run(call) {
    const { word, rest } = firstWord(call.args);
    if (word === "" || word === "list" || word === "status") return await list(call);
    if (word === "test") return await test(call, rest.trim());
    if (word === "reset") return reset(call);
    if (word === "default") return await chooseDefault(call, rest.trim());
    return await choose(call, word === "set" ? rest.trim() : call.args.trim());
  },
});

export const modelCommands: readonly Command[] = [model];

/** Short names first, then models, then what else can be said. */
function choices({ models }: Gateway): string[] {
  const known = models.providers().flatMap(({ provider }) => provider.models.map(({ id }) => `${provider.id}/${id}`));
  const words = ["test", "reset", "default"];
  return [...[...Object.keys(models.aliases()), ...known].slice(0, MAX_CHOICES - words.length), ...words];
}

async function list(call: CommandCall<Gateway>): Promise<string> {
  const { sessionKey, gateway } = call;
  const models = await gateway.models.list();
  const current = gateway.models.chosen.modelNameOf(sessionKey);
  const names = Object.entries(gateway.models.aliases());
  const lines = models.slice(0, MAX_LISTED).map(({ ref, provider }) => {
    const where = provider.origin === "found" ? ` (${provider.label}, on this machine)` : "";
    const short = names
      .filter(([, named]) => named.toLowerCase() === ref.toLowerCase())
      .map(([alias]) => `\`${alias}\``);
    const also = short.length > 0 ? `, or ${short.join(", ")}` : "";
    return `- \`${ref}\`${also}${where}${ref === current ? " ← answers here" : ""}`;
  });
  const head = current === undefined ? connectHint(call.gateway) : `**${current}** answers here.`;
  if (lines.length === 0) return head;
  return `${head}\n\n${lines.join("\n")}\n\nChoose with \`/model MODEL\`, try with \`/model test\`.`;
}

/** Chooses the model of this conversation; when no model is connected at all, of all conversations. */
async function choose(call: CommandCall<Gateway>, name: string): Promise<string> {
  const { gateway, starter, sessionKey } = call;
  if (gateway.models.chosen.modelNameOf(sessionKey) === undefined) return await chooseDefault(call, name);
  if (!mayUse({ needs: "operator.write" }, starter))
    return "Choosing the model needs the operator.write scope, and this connection does not have it.";
  const { ref } = gateway.models.require(name);
  gateway.sessions.patch(sessionKey, { model: ref });
  return `${ref} answers in this conversation from now on; \`/model reset\` takes that back.`;
}

async function chooseDefault({ gateway, starter }: CommandCall<Gateway>, name: string): Promise<string> {
  if (!mayUse({ needs: "operator.admin" }, starter)) {
    return "Choosing the model changes the config, which needs the operator.admin scope; this connection does not have it.";
  }
  if (name === "") return "Which model? Write for example `/model default anthropic/claude-sonnet-4-5`.";
  const chosen = await gateway.models.choose(name);
  return `${chosen.ref} answers from now on. \`/model test\` tries it.`;
}

function reset({ gateway: { models, sessions }, starter, sessionKey }: CommandCall<Gateway>): string {
  if (!mayUse({ needs: "operator.write" }, starter))
    return "Choosing the model needs the operator.write scope, and this connection does not have it.";
  sessions.patch(sessionKey, { model: null });
  return `${models.chosen.modelNameOf(sessionKey) ?? "The built-in agent"} answers here again, as everywhere.`;
}

async function test({ sessionKey, signal, gateway, starter }: CommandCall<Gateway>, words: string): Promise<string> {
  if (!mayUse({ needs: "operator.write" }, starter))
    throw invalidRequest("Trying a model needs the operator.write scope, and this connection does not have it.");
  const { models } = gateway;
  const named = words.split(/\s+/).filter((word) => word !== "" && word !== "tools" && word !== "image")[0];
  const model = named === undefined ? models.chosen.modelOf(sessionKey) : models.require(named);
  if (!model) return "No model is connected yet. `/model` shows which could be.";
  const [tools, image] = [/\btools\b/.test(words), /\bimage\b/.test(words)];
  const { reply, latencyMs, callsTools, seesImages } = await models.try(model, { tools, image, signal });
  const found = [
    ...(callsTools === undefined ? [] : [callsTools ? "calls tools" : "does not call tools"]),
    ...(seesImages === undefined ? [] : [seesImages ? "sees pictures" : "does not see pictures"]),
  ];
  const more = found.length > 0 ? ` It ${found.join(" and ")}.` : "";
  return `${model.ref} answered “${reply.slice(0, 100)}” in ${(latencyMs / 1000).toFixed(1)} s.${more}`;
}
