/** Which model answers: one that is found on this machine, or a provider whose key is tried before it is saved. */
import { messageOf } from "../../../../base/errors.ts";
import {
  askText,
  type Choice,
  choose,
  type Services,
  SKIP,
  type Steps,
  tell,
  tryAgain,
  type WizardSession,
} from "./step.ts";

/** How long a model server may take to say what it has, ms: somebody waits who has just started it. */
const LOOK_MS = 5_000;
/** As many models of this machine as a person wants to choose from. */
const MOST_FOUND = 12;

/** Asks until a model answers, or the step is skipped. */
export async function* chooseModel(services: Services, guided: WizardSession): Steps {
  for (;;) {
    const answer = yield* choose("Which model shall answer?", await choicesOf(services));
    const [kind, name = ""] = split(answer);
    if (kind !== "model" && kind !== "key") return;
    const problem = kind === "model" ? await useFound(services, name, guided) : yield* useKey(services, name, guided);
    if (problem === undefined) return;
    if (problem !== "" && !(yield* tryAgain(problem))) return;
  }
}

async function choicesOf({ models }: Services): Promise<Choice[]> {
  await models.lookAround(LOOK_MS);
  const chosen = models.chosen.modelDefaults().model ?? models.usual()?.ref;
  const found = models.found().flatMap(({ id, label, models: known }) =>
    known.map((model) => ({
      value: `model:${id}/${model.id}`,
      label: `${id}/${model.id}`,
      hint: `${label}, on this machine`,
    })),
  );
  const hosted = models
    .unconnected()
    .map(({ id, label }) => ({ value: `key:${id}`, label, hint: "with an API key of yours" }));
  const kept = chosen === undefined ? [] : [{ value: "keep", label: `Keep ${chosen}`, hint: "it answers now" }];
  return [...kept, ...found.filter(({ label }) => label !== chosen).slice(0, MOST_FOUND), ...hosted, SKIP];
}

/** Tries a model of this machine and chooses it; a problem as a sentence. */
async function useFound({ models }: Services, ref: string, { signal }: WizardSession): Promise<string | undefined> {
  try {
    await models.try(models.require(ref), { signal });
    await models.choose(ref);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Asks for a key and tries it; a problem as a sentence, empty when none was given. */
async function* useKey({ models }: Services, provider: string, { signal }: WizardSession): Steps<string | undefined> {
  const label = models.unconnected().find(({ id }) => id === provider)?.label ?? provider;
  const key = yield* askText(
    `API key of ${label}`,
    "It is tried with one question, and saved when a model answers.",
    true,
  );
  if (key === "") return "";
  try {
    const { model, trial } = await models.connect({ provider, key, signal });
    await models.choose(model.ref);
    yield* tell("The key works", `${model.ref} answered in ${Math.round(trial.latencyMs)} ms. It answers from now on.`);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function split(answer: string): [kind: string, name: string | undefined] {
  const at = answer.indexOf(":");
  return at === -1 ? [answer, undefined] : [answer.slice(0, at), answer.slice(at + 1)];
}
