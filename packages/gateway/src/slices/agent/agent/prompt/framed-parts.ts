/**
 * Shows texts of a transcript to a model with their authors. The owner's own words have no frame where nobody else has
 * spoken; everything else is framed (`kit/text/framing.ts`).
 */
import { framed, type Source } from "../../../../kit/text/framing.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { ModelPart } from "../../models/port.ts";
import type { RunRecord } from "../run/run-store.ts";
import { audienceIn } from "../toolbox/tool-policy.ts";

/** The facts that decide how the texts of a conversation are framed. */
export interface FramingContext {
  /** The run's mark. */
  readonly mark: string;
  /** Whether anybody but the owner has spoken or may read; then each message names its author. */
  readonly isShared: boolean;
  /** Hides paths of this machine from runs that are not the owner's. */
  readonly conceal?: ((text: string) => string) | undefined;
  /** The record of the run that a message began, for messages of versions that did not store the author. */
  record(id: string): Pick<RunRecord, "source" | "principal" | "request"> | undefined;
}

type TextPart = Extract<StoredPart, { type: "text" }>;
type Said = Pick<StoredMessage, "role" | "runId" | "idempotencyKey">;

/** The name of people who use the gateway's own interfaces. */
export const OPERATOR_ID = "an operator of the gateway";
const OPERATOR: Source = { kind: "message", id: OPERATOR_ID, standing: "owner" };

/** One text as the model sees it. */
export function framedPart(part: TextPart, message: Said, framing: FramingContext): string {
  const from = sourceIn(part, message, framing);
  const isPlain = from === undefined || (from === OPERATOR && !framing.isShared) || isOwners(from, framing);
  const text = framing.conceal ? framing.conceal(part.text) : part.text;
  return isPlain ? text : framed(framing.mark, { text, from });
}

/** Texts that were said to a run under way. */
export function framedParts(content: readonly StoredPart[], framing: FramingContext): ModelPart[] {
  const texts = content.flatMap((part) => (part.type === "text" ? [framedPart(part, { role: "user" }, framing)] : []));
  return texts.length === 0 ? [] : [{ kind: "text", text: texts.join("\n\n") }];
}

/** Whether anybody but the owner has a word in these messages. */
export function isSharedIn(messages: readonly StoredMessage[], record: FramingContext["record"]): boolean {
  return messages.some(
    (message) =>
      message.role === "user" &&
      message.content.some((part) => {
        if (part.type !== "text") return false;
        const from = part.from ?? earlier(message, record);
        if (from === undefined) return false;
        return (
          from.isGroup === true || from.kind === "earlier" || (from.kind === "message" && from.standing !== "owner")
        );
      }),
  );
}

function isOwners({ kind, standing, isGroup }: Source, { isShared }: FramingContext): boolean {
  return kind === "message" && standing === "owner" && !isGroup && !isShared;
}

/** The author of a text; undefined for the model's own. */
export function sourceIn(
  part: TextPart,
  message: Said,
  { record }: Pick<FramingContext, "record">,
): Source | undefined {
  if (message.role === "assistant") return undefined;
  if (part.from) return part.from;
  return message.role === "user" ? (earlier(message, record) ?? OPERATOR) : { kind: "earlier" };
}

/** The source of messages of earlier versions, which stored authors in the text. Nothing there is certain. */
function earlier({ runId, idempotencyKey }: Said, record: FramingContext["record"]): Source | undefined {
  const id = idempotencyKey ?? runId;
  if (id === undefined || !KEPT_AS.test(id)) return undefined;
  const known = record(id);
  if (known?.source === "agent" || known?.source === "chat.send") return undefined;
  const who = known?.principal.startsWith("channel:") ? { id: known.principal.slice("channel:".length) } : {};
  return { kind: "earlier", ...who, ...(known?.source === "channel" && { standing: audienceIn(known) }) };
}

/** Ids of runs that messages of channels and of other runs have begun. */
const KEPT_AS = /^(?:msg-\d+|(?:told-)?(?:spawn|send)-[0-9a-f]{32})$/;
