/** How a person answers a command that waits: the words, and the question that names them. */

/** What can be typed, and the decision that it stands for. */
export const ANSWERS: Readonly<Record<string, "allow-once" | "allow-always" | "deny">> = {
  y: "allow-once",
  yes: "allow-once",
  a: "allow-always",
  always: "allow-always",
  n: "deny",
  no: "deny",
};

/** Asks for one of them. */
export const QUESTION = "Allow it? y = once, a = always, n = no";

/** The reply to any other answer. */
export const NO_ANSWER = "Answer y, a or n.";

/** The decision that somebody typed. */
export function decisionOf(line: string): (typeof ANSWERS)[string] | undefined {
  const word = line.trim().toLowerCase();
  return Object.hasOwn(ANSWERS, word) ? ANSWERS[word] : undefined;
}
