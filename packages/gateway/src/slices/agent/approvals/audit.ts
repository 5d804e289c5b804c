/** The record of decisions: who decided what about which command, where and when. The newest thousand are kept. */

import { replaceInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { DecidedApprovalShape, ExecRequestShape } from "./schema.ts";

/** The person who decides, and their surface. */
export interface Decider {
  readonly name: string;
  /** "wire", "chat", or the id of a channel. */
  readonly surface: string;
}

const MAX_ROWS = 1_000;
const MAX_COMMAND_CHARS = 2_000;

export class Audit {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  note(id: string, request: ExecRequestShape, decision: string, by: Decider | undefined): void {
    const { command, cwd, agentId, sessionKey } = request;
    this.#store.transaction(() => {
      this.#store.run(
        ...replaceInto("exec_decisions", {
          ...{ id, cwd, decision },
          command: command.slice(0, MAX_COMMAND_CHARS),
          agent: agentId,
          session_key: sessionKey,
          decided_by: by?.name.slice(0, 128),
          surface: by?.surface,
          decided_at: this.#clock.now(),
        }),
      );
      this.#store.run(
        `delete from exec_decisions where id in
         (select id from exec_decisions order by decided_at desc, rowid desc limit -1 offset ?)`,
        MAX_ROWS,
      );
    });
  }

  /** The newest first. */
  newest(limit: number): DecidedApprovalShape[] {
    return this.#store.all<DecidedApprovalShape>(
      `select id, command, agent as agentId, session_key as sessionKey, decision, decided_by as "by", surface,
       decided_at as decidedAt from exec_decisions order by decided_at desc, rowid desc limit ?`,
      limit,
    );
  }
}
