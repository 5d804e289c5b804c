/** The way through: a model, a channel, a phone, the link. Each step can be left out, and what is there is kept. */
import { addChannel } from "./channel.ts";
import { chooseModel } from "./model.ts";
import { invitePhone } from "./phone.ts";
import { type Services, type Steps, tell, type WizardSession } from "./step.ts";

/** Leads through all of it. */
export async function* guide(services: Services, guided: WizardSession): Steps {
  if (guided.mode === "remote") {
    yield* tell(
      "A gateway elsewhere",
      "This is the gateway. To use it from another machine, run `moltbot gateway link` here and what it prints there.",
    );
    return;
  }
  yield* tell("Set up moltbot", "A model, a channel, a phone. Each step can be skipped and done later.");
  yield* chooseModel(services, guided);
  yield* addChannel(services, guided);
  yield* invitePhone(services, guided);
  const [page] = services.host.pageOrigins();
  const where = page === undefined ? "" : ` WebChat is at ${page.origin}; \`moltbot dashboard\` opens it signed in.`;
  yield* tell("Ready", `Say hello: \`moltbot chat\`, or in WebChat.${where}`);
}
