/** The notes of a workspace: which files they are, and which of them are the owner's alone. */

/** What lasts. */
export const DURABLE = "MEMORY.md";
/** The folder of daily notes, and of notes that people put there. */
export const NOTES_FOLDER = "memory";

/** The note of a day ("2026-01-31"). */
export function dailyNote(day: string): string {
  return `${NOTES_FOLDER}/${day}.md`;
}

/** Whether a path of the workspace tells of the owner: no group and no stranger hears of it. */
export function isPrivateNote(path: string): boolean {
  const folded = path.toLowerCase();
  return folded === "memory.md" || folded === "user.md" || folded === "memory" || folded.startsWith("memory/");
}
