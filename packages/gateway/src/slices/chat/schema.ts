/** Conversations as chat windows are told of them (protocol: chat). */
import { Type } from "@sinclair/typebox";
import { NonEmpty } from "../../kit/schema.ts";
import { Message } from "../sessions/schema.ts";

export { Attachments, MessageText } from "../agent/schema.ts";

export const ChatMessages = Type.Array(Message);

export const Stopped = Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(NonEmpty) });
