/** A channel to write on: its token is tried with the platform, or it is linked by a QR code. */
import { GatewayError, messageOf } from "../../../../base/errors.ts";
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import { isSecret } from "../../../../kit/schema/keys-and-addresses.ts";
import { drawnQr } from "./drawn-qr.ts";
import { askText, choose, type Services, SKIP, type Steps, tell, tryAgain, type WizardSession } from "./step.ts";

/** How long a step waits for the phone before it shows the code again, ms. */
const WAIT_MS = 20_000;

/** Asks until an account is set up, or the step is skipped. */
export async function* addChannel(services: Services, guided: WizardSession): Steps {
  const { channels } = services.host;
  const choices = channels.map(({ id, label, summary }) => ({ value: id, label, hint: summary }));
  for (;;) {
    const answer = yield* choose("Where do you want to write to it?", [...choices, SKIP]);
    const definition = channels.find(({ id }) => id === answer);
    if (!definition) return;
    const problem = yield* setUp(services, definition, guided);
    if (problem === undefined) return;
    if (problem !== "" && !(yield* tryAgain(problem))) return;
  }
}

/** Asks for one secret after another until the platform takes them; a problem as a sentence, empty when none was given. */
async function* setUp(
  services: Services,
  definition: ChannelDefinition,
  guided: WizardSession,
): Steps<string | undefined> {
  const { id, label } = definition;
  const secrets = Object.entries(definition.settings.properties).filter(([, schema]) => isSecret(schema));
  const settings: Record<string, string> = {};
  const isLinked = definition.isLinkedByLogin && definition.login !== undefined;
  for (const [name, schema] of isLinked ? [] : secrets) {
    const given = yield* askText(`${label}: ${name}`, schema.description ?? "", true);
    if (given === "" && Object.keys(settings).length === 0) return "";
    if (given !== "") settings[name] = given;
    const { problem, self } = await tryToAdd(services, { id, settings }, guided);
    if (problem === undefined) {
      yield* tell(`${label} is set up`, addedText(id, self));
      return undefined;
    }
    if (problem.isFinal) return problem.text;
  }
  const { problem } = await tryToAdd(services, { id, settings }, guided);
  if (problem !== undefined) return problem.text;
  return isLinked ? yield* link(services, definition, guided) : undefined;
}

async function tryToAdd(
  { messaging }: Services,
  { id, settings }: { id: string; settings: Readonly<Record<string, string>> },
  { signal }: WizardSession,
) {
  try {
    const { self } = await messaging.setup.add({ channel: id, settings }, signal);
    return { self };
  } catch (error) {
    // What the platform refuses is wrong; what is only missing can still be asked for.
    const isFinal = !(error instanceof GatewayError) || error.details?.code === "CHANNEL_PROBE_FAILED";
    return { problem: { text: messageOf(error), isFinal } };
  }
}

function addedText(id: string, self: { id: string; name?: string } | undefined): string {
  const as = self ? `The platform knows it as ${self.name ?? self.id}. ` : "";
  return `${as}Write to it there: strangers get a code, and \`moltbot pairing approve ${id} CODE\` lets them in.`;
}

/** Shows the code until the phone has read it; a problem as a sentence. */
async function* link(
  { messaging }: Services,
  { id, label }: ChannelDefinition,
  { signal }: WizardSession,
): Steps<string | undefined> {
  try {
    let view = await messaging.logins.start({ channel: id });
    while (!view.connected) {
      const shown = view.qrDataUrl;
      const code = view.code ?? (view.qrText === undefined ? "" : await drawnQr(view.qrText));
      const done = { value: "done", label: "Done, the phone has read it" };
      const answer = yield* choose(`Link ${label}`, [done, SKIP], `${view.message}\n\n${code}`);
      if (answer === SKIP.value) return "";
      const current = shown === undefined ? {} : { currentQrDataUrl: shown };
      view = await messaging.logins.wait({ channel: id, timeoutMs: WAIT_MS, ...current }, signal);
    }
    yield* tell(`${label} is linked`, addedText(id, undefined));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
