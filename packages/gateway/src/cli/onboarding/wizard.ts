/** Follows the gateway's wizard at a terminal: shows each step and sends what is answered. */

import type { Methods } from "@moltbot/protocol";
import { ignore } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";
import type { Link } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";
import { ask, confirm } from "../terminal/prompt.ts";
import { printable } from "../terminal/render.ts";

type Step = NonNullable<Methods["wizard.next"]["result"]["step"]>;

/** Signs of a QR code, whose lines stay whole. */
const PICTURE = /[▀▄█]/;

/** A step may ask a model or a platform, ms. */
const STEP_MS = 180_000;

/** Resolves when the wizard is done. Ctrl-C ends it on the gateway too; what was saved stays. */
export async function followWizard({ client }: Link, out: Output): Promise<void> {
  const options = { timeoutMs: STEP_MS };
  const begun = await client.request("wizard.start", { mode: "local" }, options);
  const { sessionId } = begun;
  let progress: Methods["wizard.next"]["result"] = begun;
  try {
    while (progress.step) {
      const { id: stepId } = progress.step;
      const value = await answerTo(progress.step, out);
      progress = await out.during(
        "Working",
        client.request("wizard.next", { sessionId, answer: { stepId, value } }, options),
      );
    }
  } catch (error) {
    await client
      .request("wizard.cancel", { sessionId }, options)
      .catch((late: unknown) => ignore(late, "the wizard ends by itself when nobody answers"));
    throw error;
  }
  if (progress.error !== undefined) throw new CliError(printable(progress.error));
}

async function answerTo(step: Step, out: Output): Promise<unknown> {
  const { type, title = "", message = "", sensitive = false } = step;
  out.print(`\n${out.style.bold(printable(title))}`);
  if (message !== "") (PICTURE.test(message) ? out.raw : out.print)(printable(message));
  if (type === "select") return await choice(step, out);
  if (type === "confirm") return await confirm("Yes?", step.initialValue === false ? "no" : "yes");
  if (type === "text") return await ask(`${printable(title)} (Enter skips): `, { isSecret: sensitive });
  return true;
}

async function choice({ options = [], initialValue }: Step, out: Output): Promise<unknown> {
  options.forEach(({ label, hint }, index) => {
    const note = hint === undefined ? "" : out.style.dim(` — ${printable(hint)}`);
    out.print(`  ${String(index + 1).padStart(2)}  ${printable(label)}${note}`);
  });
  const usual = Math.max(
    0,
    options.findIndex(({ value }) => value === initialValue),
  );
  for (;;) {
    const typed = await ask(`Number (${usual + 1}): `);
    const chosen = typed === "" ? options[usual] : options[Number(typed) - 1];
    if (chosen) return chosen.value;
    out.note(`Type a number from 1 to ${options.length}.`);
  }
}
