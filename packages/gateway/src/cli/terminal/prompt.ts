/** Questions at the terminal. Nobody is asked where stdin is none: callers check `canAsk` first. */

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CliError } from "../language/exit.ts";

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks for a line on stderr; a secret is not shown while it is typed. Throws `CliError` when Ctrl-C or Ctrl-D is pressed. */
export async function ask(question: string, options: { isSecret?: boolean } = {}): Promise<string> {
  let isShown = true;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (isShown) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  try {
    return await new Promise((resolve, reject) => {
      const given = () => reject(new CliError("Nothing was changed."));
      lines.once("SIGINT", given);
      lines.once("close", given);
      lines.question(question, (answer) => resolve(answer.trim()));
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
