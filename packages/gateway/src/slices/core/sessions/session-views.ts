/** Conversations as the wire says them. */
import type { Static } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { kindOf } from "./key.ts";
import type { Transcript } from "./messages/transcript.ts";
import type { SessionEntry, SessionRow, SessionRowV3 } from "./schema.ts";
import type { SessionFilter } from "./session-list.ts";
import type { Route, Session } from "./session-rows.ts";

/** What a view needs to know of other conversations. */
interface Around {
  readonly transcript: Pick<Transcript, "previews">;
  agentOf(key: string): string;
  mainKey(agentId: string): string;
}

export class SessionViews {
  readonly #sessions: Around;

  constructor(sessions: Around) {
    this.#sessions = sessions;
  }

  /** The session as `sessions.patch` and `sessions.reset` answer it. */
  entry(session: Session): Static<typeof SessionEntry> {
    const { sessionId, updatedAt, label, levels, abortedLastRun, inputTokens, outputTokens, totalTokens } = session;
    const { model: _model, ...rest } = levels;
    return {
      sessionId,
      updatedAt,
      ...defined({ label }),
      ...rest,
      ...modelFields(session),
      ...(abortedLastRun && { abortedLastRun }),
      inputTokens,
      outputTokens,
      totalTokens,
    };
  }

  /** The session as a row of `sessions.list`. */
  row(session: Session, { includeDerivedTitles, includeLastMessage }: SessionFilter = {}): Static<typeof SessionRowV3> {
    const { key, sessionId } = session;
    const title = includeDerivedTitles ? this.#sessions.transcript.previews.title(sessionId) : undefined;
    const newest = includeLastMessage ? this.#sessions.transcript.previews.newest(sessionId) : undefined;
    return {
      key,
      kind: kindOf(key),
      ...this.entry(session),
      ...routeFields(session.route),
      ...defined({ derivedTitle: title, lastMessagePreview: newest }),
    };
  }

  /** A conversation's row for clients of protocol 4. */
  laterRow(session: Session, filter: SessionFilter = {}): Static<typeof SessionRow> {
    const agentId = this.#sessions.agentOf(session.key);
    return {
      ...this.row(session, filter),
      agentId,
      isMain: session.key === this.#sessions.mainKey(agentId),
      ...{ archived: session.archived, pinned: session.pinned },
      // Nothing is marked as unread here.
      ...{ unread: false, totalTokensFresh: true },
    };
  }
}

/** Provider and model of a `provider/model` as the wire says them: the one set for the session, else the last used. */
export function modelFields({ levels, lastModel }: Pick<Session, "levels" | "lastModel">): {
  modelProvider?: string;
  model?: string;
} {
  const ref = levels.model ?? lastModel;
  if (ref === undefined) return {};
  const slash = ref.indexOf("/");
  return { modelProvider: ref.slice(0, slash), model: ref.slice(slash + 1) };
}

/** The fields of a route in rows of `sessions.list`. */
function routeFields(route: Route | undefined) {
  if (!route) return {};
  const { channel, account, chat, title } = route;
  const thread = chat.threadId === undefined ? {} : { threadId: chat.threadId };
  return {
    channel,
    ...(title && { displayName: title }),
    deliveryContext: { channel, to: chat.id, accountId: account, ...thread },
    lastChannel: channel,
    lastTo: chat.id,
    lastAccountId: account,
  };
}
