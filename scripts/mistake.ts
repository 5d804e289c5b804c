/** How the repository's commands in TypeScript end when they were asked for something that cannot be. */
import { join } from "node:path";

/** The repository's root folder. */
export const ROOT = join(import.meta.dirname, "..");

/** An error whose message is all that a person needs: what is wrong, and what to do instead. */
export class Mistake extends Error {}

/** Runs a command. A `Mistake` becomes one sentence and exit code 2; anything else is a bug and keeps its stack. */
export async function command(run: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await run(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
