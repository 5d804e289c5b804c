/**
 * Tells an owner on a channel that a command waits for approval: the exact command, its environment, and how to answer.
 * Other readers of the chat cannot answer, because `/approve` checks its sender.
 */
import type { Clock } from "../../../../base/time/clock.ts";
import type { Button } from "../../../../kit/channel-message.ts";
import type { ToolRun } from "../../../../kit/tool.ts";
import {
  type ApprovalObserver,
  type Approvals,
  fenced,
  mayDecide,
  visible,
  type Waiting,
} from "../../../agent/approvals/approvals.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { Outbox } from "./outbox/outbox.ts";

export interface ApprovalNotesOptions {
  readonly clock: Clock;
  readonly approvals: Approvals;
  readonly accounts: Accounts;
  readonly outbox: Outbox;
}

export class ApprovalNotes implements ApprovalObserver, Disposable {
  readonly #options: ApprovalNotesOptions;
  readonly #observing: Disposable;

  constructor(options: ApprovalNotesOptions) {
    this.#options = options;
    this.#observing = options.approvals.observers.add(this);
  }

  asked(waiting: Waiting, { deliver, starter }: ToolRun): void {
    if (!deliver || !starter.principal.startsWith("channel:") || !mayDecide(starter.scopes)) return;
    const { accounts, outbox, clock } = this.#options;
    const { channel, account, chat } = deliver;
    const found = accounts.find({ channel, account });
    if (!found) return;
    const hasButtons = found.account.definition.capabilities.includes("buttons");
    outbox.add({
      ...{ channel, account, chat, origin: `approval:${waiting.id}` },
      payload: {
        content: { kind: "markdown", markdown: noteText(waiting, clock.now()) },
        ...(hasButtons && { buttons: [buttonsOf(waiting)] }),
      },
      ttlMs: Math.max(1_000, waiting.expiresAtMs - waiting.createdAtMs),
    });
    found.sender.kick();
  }

  ended(): void {
    // The person who answered gets the answer to their command; the run tells the result.
  }

  [Symbol.dispose](): void {
    this.#observing[Symbol.dispose]();
  }
}

function buttonsOf({ code, remembers }: Waiting): Button[] {
  return [
    { label: "Allow once", data: `/approve ${code} allow-once` },
    ...(remembers ? [{ label: "Always allow", data: `/approve ${code} allow-always` }] : []),
    { label: "Deny", data: `/approve ${code} deny` },
  ];
}

function noteText({ code, request, remembers, always: kept, expiresAtMs }: Waiting, now: number): string {
  const { command, cwd, env = {}, why = [], host } = request;
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const seconds = Math.max(1, Math.round((expiresAtMs - now) / 1000));
  const always = remembers ? `, \`/approve ${code} always\`` : "";
  return [
    "**May this command run?**",
    fenced(visible(command), "sh"),
    ...(given.length > 0 ? [`It is given:\n${fenced(visible(given.join("\n")))}`] : []),
    `In \`${visible(cwd ?? "").replaceAll("`", "'")}\` on the ${host ?? "gateway"}.${why.length > 0 ? ` Asked for because ${plain(why.join("; "))}.` : ""}`,
    ...(remembers && kept !== undefined ? [`“Always” allows ${plain(kept)}.`] : []),
    `Answer within ${seconds} s: \`/approve ${code}\`${always} or \`/deny ${code}\`.`,
  ].join("\n\n");
}

/** Escapes text of a command for a line of Markdown. */
function plain(text: string): string {
  return visible(text.replace(/\s+/g, " ")).replace(/[\\`*_~[\]<>#|]/g, "\\$&");
}
