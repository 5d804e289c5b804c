// Changes of settings that are not saved yet, and those that somebody else has made meanwhile at the same place.

import { type Field, inputText } from "./fields.ts";

/** A change that waits. `base` is what the file said, as JSON, when it was begun. */
export interface Edit {
  readonly keys: readonly string[];
  /** `undefined` removes the setting: its default counts. */
  readonly value: unknown;
  readonly base: string | undefined;
}

export type Edits = ReadonlyMap<string, Edit>;

/** With a change more, or with another in its place. A change back to what the file says is none. */
export function withEdit(edits: Edits, field: Field, value: unknown): Edits {
  const next = new Map(edits);
  const now = JSON.stringify(field.inFile);
  // A secret that is set is never known here, so a new one always counts.
  if (JSON.stringify(value) === now && field.kind.kind !== "secret") next.delete(field.path);
  else next.set(field.path, { keys: field.keys, value, base: now });
  return next;
}

/** Without the change at a path. */
export function without(edits: Edits, path: string): Edits {
  return new Map([...edits].filter(([each]) => each !== path));
}

/** Whether somebody else has changed what this change began with, to something else. */
export function isConflict(field: Field, edit: Edit | undefined): boolean {
  if (edit === undefined) return false;
  const now = JSON.stringify(field.inFile);
  return now !== edit.base && now !== JSON.stringify(edit.value);
}

/** The change counts against what the file says now. */
export function kept(edits: Edits, field: Field): Edits {
  const edit = edits.get(field.path);
  return edit === undefined ? edits : withEdit(edits, field, edit.value);
}

/** What the control of a field shows: the change that waits, or what counts now. */
export function shownIn(field: Field, edit: Edit | undefined): string {
  return inputText(edit === undefined ? (field.inFile ?? field.value) : edit.value, field.kind);
}
