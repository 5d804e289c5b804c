/** Questions at the terminal. Nobody is asked where stdin is none: callers check `canAsk` first. */

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CliError } from "../language/exit.ts";

/** Ctrl-C or Ctrl-D instead of an answer. A command that has changed something before says what stays. */
export class Unanswered extends CliError {
  constructor() {
    super("Nothing was changed.");
  }
}

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks for a line on stderr; a secret is not shown while it is typed. Throws `Unanswered` when Ctrl-C or Ctrl-D is pressed. */
export async function ask(question: string, options: { isSecret?: boolean } = {}): Promise<string> {
  let isShown = true;
  let isAnswered = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (isShown) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  try {
    return await new Promise((resolve, reject) => {
      const given = () => {
        // The cursor still stands behind the question; after a secret it is moved below.
        if (!isAnswered && !options.isSecret) process.stderr.write("\n");
        isAnswered = true;
        reject(new Unanswered());
      };
      lines.once("SIGINT", given);
      lines.once("close", given);
      lines.question(question, (answer) => {
        isAnswered = true;
        resolve(answer.trim());
      });
      isShown = !options.isSecret;
    });
  } finally {
    lines.close();
    if (options.isSecret) process.stderr.write("\n");
  }
}

/** Asks for yes or no; Enter alone means `otherwise`. */
export async function confirm(question: string, otherwise: "yes" | "no"): Promise<boolean> {
  const answer = await ask(`${question} ${otherwise === "yes" ? "[Y/n]" : "[y/N]"} `);
  return answer === "" ? otherwise === "yes" : /^y(es)?$/i.test(answer);
}
