/** Jobs as people name them: by the beginning of an id, as lists show it, or by the job's own name. */
import type { CronListResult } from "@moltbot/protocol";
import { CliError } from "../language/exit.ts";
import type { Link } from "../reach/connect.ts";
import { printable } from "../terminal/render.ts";

type Job = CronListResult["jobs"][number];

/** How many jobs a request lists. */
export const PAGE = 200;
/** Shorter beginnings of ids are shown and taken for none. */
const LEAST_CHARS = 8;
/** How many jobs a message names. */
const MOST_NAMED = 5;

/** All jobs; those that are switched off only when they are wanted. */
export async function jobsOf({ client, timeoutMs }: Link, includeDisabled: boolean): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page: CronListResult = await client.request(
      "cron.list",
      { includeDisabled, limit: PAGE, offset },
      { timeoutMs },
    );
    jobs.push(...page.jobs);
    offset = page.nextOffset ?? null;
  }
  return jobs;
}

/** How many characters of their ids tell these jobs apart. */
export function idChars(jobs: readonly Pick<Job, "id">[]): number {
  const longest = Math.max(LEAST_CHARS, ...jobs.map(({ id }) => id.length));
  for (let chars = LEAST_CHARS; chars < longest; chars++)
    if (new Set(jobs.map(({ id }) => id.slice(0, chars))).size === jobs.length) return chars;
  return longest;
}

/** The id of the job that a word means; the word itself when there is no such job. Throws `CliError` when it means several. */
export async function jobIdOf(link: Link, word: string): Promise<string> {
  const jobs = await jobsOf(link, true);
  const meant = jobs.filter(({ id }) => id === word);
  if (meant.length === 0)
    meant.push(
      ...jobs.filter(
        ({ id, name }) =>
          (word.length >= LEAST_CHARS && id.startsWith(word)) || name.toLowerCase() === word.toLowerCase(),
      ),
    );
  const [first, second] = meant;
  if (second === undefined) return first?.id ?? word;
  const named = meant.slice(0, MOST_NAMED).map(({ id, name }) => `${name} (${id})`);
  throw new CliError(
    `Several jobs are called ${printable(word)}: ${printable(named.join(", "))}. Write the id of one.`,
  );
}
