/** Reads what was pushed, in any version of A2UI, into the inner form. */
import { checkMessage } from "./check/message.ts";
import { A2uiError, atLine } from "./error.ts";
import { LIMITS } from "./limits.ts";
import type { SurfaceMessage } from "./messages.ts";
import { bytesOf, checkValues, type Json, objectAt, quoted } from "./shape.ts";
import { fromPointEight } from "./translate/v08.ts";
import { fromOne } from "./translate/v10.ts";

/** What is pushed: JSONL, one message a line, or a list of messages. */
export type Pushed = { readonly jsonl: string } | { readonly messages: readonly unknown[] };

type Version = "0.8" | "0.9" | "1.0";

/** At which line a message stood, for errors that come up only when it is applied. */
const lines = new WeakMap<SurfaceMessage, number>();

const READERS: Readonly<Record<Version, (json: Json) => readonly Json[]>> = {
  "0.8": fromPointEight,
  "0.9": (json) => [json],
  "1.0": fromOne,
};

/**
 * Reads messages of A2UI 0.8, 0.9 and 1.0, all of one version. Throws an A2uiError with the line, or the number in the list,
 * of the first bad message. What depends on surfaces that are there already is checked by `SurfaceModel`.
 */
export function readMessages(input: Pushed): SurfaceMessage[] {
  const found = "jsonl" in input ? ofJsonl(input.jsonl) : ofList(input.messages);
  if (found.length === 0) throw new A2uiError("no messages found; write one JSON object a line");
  return readAll(found);
}

/** Reads what the gateway sends to its own page: checked in the same way, with no limit on how much it is. */
export function readOwnMessages(messages: readonly unknown[]): SurfaceMessage[] {
  return readAll(messages.map((value, index) => ({ line: index + 1, value })));
}

/** The line at which a message stood when it was read. */
export function lineOf(message: SurfaceMessage): number | undefined {
  return lines.get(message);
}

interface Found {
  readonly line: number;
  readonly value: unknown;
}

function readAll(found: readonly Found[]): SurfaceMessage[] {
  let version: Version | undefined;
  return found.flatMap(({ line, value }) =>
    atLine(line, () => {
      const json = objectAt(value, "a message");
      checkValues(json, "the message");
      const own = versionOf(json);
      version ??= own;
      if (own !== version)
        throw new A2uiError(`this is A2UI ${own}, and the lines before are ${version}; use one version`);
      const messages = READERS[own](json).map(checkMessage);
      for (const message of messages) lines.set(message, line);
      return messages;
    }),
  );
}

function ofJsonl(jsonl: string): Found[] {
  if (bytesOf(jsonl) > LIMITS.pushBytes)
    throw new A2uiError(`a push of more than ${LIMITS.pushBytes / 1024} KiB is too large; send it in parts`);
  const found: { readonly line: number; readonly text: string }[] = [];
  for (const [index, text] of jsonl.split("\n").entries())
    if (text.trim() !== "") found.push({ line: index + 1, text });
  checkCount(found.length);
  return found.map(({ line, text }) => {
    atLine(line, () => checkSize(text));
    return { line, value: atLine(line, () => parsed(text)) };
  });
}

/** Before any of them is read: a push holds hundreds of thousands of small ones. */
function checkCount(count: number): void {
  if (count > LIMITS.pushMessages)
    throw new A2uiError(`${count} messages are too many for one push; send ${LIMITS.pushMessages} at most`);
}

function ofList(messages: readonly unknown[]): Found[] {
  checkCount(messages.length);
  let bytes = 0;
  return messages.map((value, index) => {
    // Before it is written out: what is nested without end cannot be.
    atLine(index + 1, () => checkValues(value, "the message"));
    const text = JSON.stringify(value) ?? "";
    atLine(index + 1, () => checkSize(text));
    bytes += bytesOf(text);
    if (bytes > LIMITS.pushBytes)
      throw new A2uiError(`a push of more than ${LIMITS.pushBytes / 1024} KiB is too large; send it in parts`);
    return { line: index + 1, value };
  });
}

function checkSize(text: string): void {
  if (bytesOf(text) > LIMITS.messageBytes)
    throw new A2uiError(`a message of more than ${LIMITS.messageBytes / 1024} KiB is too large; send it in parts`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new A2uiError("this is not JSON; write one whole JSON object on one line");
  }
}

function versionOf(json: Json): Version {
  if (json.version === undefined) return "0.8";
  if (json.version === "v0.9" || json.version === "v0.9.1") return "0.9";
  if (json.version === "1.0" || json.version === "v1.0") return "1.0";
  throw new A2uiError(
    `version ${quoted(String(json.version))} is unknown; use "v0.9" or "1.0", or leave it out for messages of 0.8`,
  );
}
