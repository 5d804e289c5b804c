/** Commands that make, show and end reminders; they are also understood as plain sentences. */
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { type Command, type CommandCall, firstWord } from "../../../kit/command.ts";
import { defineCommand, type Gateway } from "./slice.ts";

const remind = defineCommand({
  name: "remind",
  usage: "[me] WHEN to WHAT",
  needs: "operator.write",
  summary: "reminds you: in 20 min to stretch, tomorrow at 9, every weekday at 8",
  meant: (message, isAlone) => requestIn(message, isAlone),
  async run(call) {
    const { args, runId, sessionKey, gateway, starter } = call;
    const { answerOf } = await import("./answer.ts");
    const route = gateway.agent.runs.record(runId)?.request.deliver;
    return await told(async () =>
      answerOf(
        await gateway.reminders.add({
          words: args.replace(/^(?:me|us)\b[,:]?\s*/i, ""),
          asker: starter,
          sessionKey,
          route,
          key: runId,
        }),
      ),
    );
  },
});

const reminders = defineCommand({
  name: "reminders",
  usage: "[cancel NUMBER]",
  needs: "operator.write",
  summary: "shows and ends reminders",
  choices: () => ["cancel"],
  meant: (message) => listIn(message),
  async run(call) {
    const { word, rest } = firstWord(call.args);
    if (/^(?:cancel|remove|delete|rm|stop)$/i.test(word)) return await told(() => cancel(call, rest));
    const { lineOf } = await import("./answer.ts");
    const found = await call.gateway.reminders.list(call.starter, call.sessionKey);
    if (found.length > 0) return found.map(lineOf).join("\n");
    return "There are no reminders. `/remind me in 20 min to stretch` makes one.";
  },
});

/** What is asked back is an answer, not a failure. */
async function told(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatewayError && error.code === "INVALID_REQUEST") return error.message;
    throw error;
  }
}

export const commands: readonly Command[] = [remind, reminders];

async function cancel({ starter, sessionKey, gateway }: CommandCall<Gateway>, rest: string): Promise<string> {
  const id = Number(rest.replace(/^(?:number|no\.?|#)\s*/i, ""));
  if (!Number.isSafeInteger(id) || id < 1) throw invalidRequest("Which one? `/reminders` shows their numbers.");
  const { text } = await gateway.reminders.remove(id, starter, sessionKey);
  return `Ended reminder ${id}: ${text}`;
}

/**
 * A sentence that asks for a reminder and is understood to its end. Others are for the model; without one, the built-in agent
 * asks back.
 */
async function requestIn(message: string, isAlone: boolean): Promise<string | undefined> {
  const said = message.trim();
  const isRepeat = isAlone && /^(?:every|each)\s/i.test(said);
  if (!isRepeat && !/^.{0,80}\bremind\s+(?:me|us)\b/i.test(said)) return undefined;
  const { startsLikeReminder, parseReminder } = await import("./words/reminder-request.ts");
  const request = parseReminder(said);
  if (request.kind === "request") return isRepeat || startsLikeReminder(said) ? said : undefined;
  return startsLikeReminder(said) && (isAlone || request.isWrong) ? said : undefined;
}

/** "my reminders", "cancel reminder 3". */
function listIn(message: string): string | undefined {
  const said = message.trim().replace(/[.!?]+$/, "");
  if (/^(?:(?:show|list|what are)\s+)?(?:me\s+)?my reminders$/i.test(said)) return "";
  const ended = /^(?:cancel|remove|delete|stop|end)\s+(?:my\s+)?reminder\s+(?:number\s+|no\.?\s*|#)?(\d{1,9})$/i.exec(
    said,
  );
  return ended ? `cancel ${ended[1]}` : undefined;
}
