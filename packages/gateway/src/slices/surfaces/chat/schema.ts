/** Conversations as chat windows are told of them (protocol: chat). */
import { type Static, Type } from "@sinclair/typebox";
import { NonEmpty } from "../../../kit/schema/schema.ts";
import { CommandEntry } from "../../agent/agent/schema.ts";
import { ModelChoice } from "../../agent/models/schema.ts";
import { Message, SessionDefaults, SessionRow } from "../../core/sessions/schema.ts";

export { Attachments, MessageText } from "../../agent/agent/schema.ts";

export const ChatMessages = Type.Array(Message);

export const Stopped = Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(NonEmpty) });

/** A conversation as `chat.history` answers it. */
export const History = Type.Object({
  sessionKey: NonEmpty,
  sessionId: Type.Optional(NonEmpty),
  messages: ChatMessages,
  thinkingLevel: NonEmpty,
});

/** `History` for protocol 4. */
export const LaterHistory = Type.Object({
  ...History.properties,
  sessionInfo: Type.Optional(SessionRow),
  defaults: SessionDefaults,
});
export type LaterHistory = Static<typeof LaterHistory>;

/** What a chat window offers: models to choose from, and commands. */
export const ChatMetadata = Type.Object({
  models: Type.Array(ModelChoice),
  commands: Type.Array(CommandEntry),
  swarmEnabled: Type.Boolean(),
  runtimeSelectionLocked: Type.Boolean(),
});
export type ChatMetadata = Static<typeof ChatMetadata>;
