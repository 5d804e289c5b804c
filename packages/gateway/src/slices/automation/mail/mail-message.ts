/** A mail as an agent is told it: who, when, what about, which files, and its words. Files are named and not fetched. */
import type { FetchMessageObject, ImapFlow, MessageStructureObject } from "imapflow";
import { oneLine } from "../../../kit/text/framing.ts";
import { wordsOfHtml } from "./html.ts";

export interface MailMessage {
  readonly uid: number;
  readonly messageId: string | undefined;
  /** Addresses of the header From, lower case. */
  readonly from: readonly string[];
  readonly subject: string;
  /** When the server got it, epoch ms. */
  readonly at: number | undefined;
  readonly bytes: number;
  readonly text: string;
}

const MAX_LINE_CHARS = 300;
const MAX_FILES = 20;
/** More of a part is not fetched, bytes; letters take up to four. */
const BYTES_PER_CHAR = 4;

/** Everything of a mail but its words. */
export const WANTED = { uid: true, envelope: true, bodyStructure: true, size: true, internalDate: true } as const;

/** Fetches the words of a mail, at most `maxChars`. */
export async function readMailMessage(
  client: ImapFlow,
  message: FetchMessageObject,
  maxChars: number,
): Promise<MailMessage> {
  const { uid, envelope, size = 0, internalDate, bodyStructure } = message;
  const parts = bodyStructure ? leavesOf(bodyStructure) : [];
  const body = parts.find(isText("text/plain")) ?? parts.find(isText("text/html"));
  const words = body
    ? await wordsIn(
        client,
        { uid, part: body.part ?? "1", size: body.size ?? 0, isHtml: body.type === "text/html" },
        maxChars,
      )
    : "";
  const files = parts.filter((part) => part !== body && !isText("text/html")(part) && !isText("text/plain")(part));
  const people = (list: typeof envelope extends undefined ? never : NonNullable<typeof envelope>["from"]) =>
    oneLine(
      (list ?? []).map(({ name, address }) => `${name ?? ""} <${address ?? ""}>`.trim()).join(", "),
      MAX_LINE_CHARS,
    );
  const subject = oneLine(envelope?.subject ?? "", MAX_LINE_CHARS);
  const at = internalDate === undefined ? undefined : new Date(internalDate).getTime();
  const lines = [
    `From: ${people(envelope?.from)}`,
    `To: ${people(envelope?.to)}`,
    ...(envelope?.date ? [`Date: ${new Date(envelope.date).toISOString()}`] : []),
    `Subject: ${subject}`,
    ...(files.length === 0 ? [] : [`Files: ${files.slice(0, MAX_FILES).map(fileText).join(", ")}`]),
  ];
  return {
    ...{ uid, messageId: envelope?.messageId, subject, at, bytes: size },
    from: (envelope?.from ?? []).flatMap(({ address }) => (address ? [address.toLowerCase()] : [])),
    text: `${lines.join("\n")}\n\n${words === "" ? "(no text)" : words}`,
  };
}

function leavesOf(node: MessageStructureObject): MessageStructureObject[] {
  return node.childNodes && node.childNodes.length > 0 ? node.childNodes.flatMap(leavesOf) : [node];
}

function isText(type: string) {
  return (part: MessageStructureObject) => part.type === type && part.disposition !== "attachment";
}

function fileText({ type, size, dispositionParameters, parameters }: MessageStructureObject): string {
  const name = dispositionParameters?.filename ?? parameters?.name ?? type;
  return `${oneLine(name, 100)} (${Math.ceil((size ?? 0) / 1_000)} kB)`;
}

async function wordsIn(
  client: ImapFlow,
  { uid, part, size, isHtml }: { uid: number; part: string; size: number; isHtml: boolean },
  maxChars: number,
): Promise<string> {
  const maxBytes = maxChars * BYTES_PER_CHAR * (isHtml ? 4 : 1);
  const { content } = await client.download(String(uid), part, { uid: true, maxBytes });
  if (!content && size > 0) return "(the server did not hand out the text)";
  const chunks: Buffer[] = [];
  for await (const chunk of content ?? []) chunks.push(Buffer.from(chunk as Uint8Array));
  const raw = Buffer.concat(chunks).toString("utf8");
  const words = (isHtml ? wordsOfHtml(raw) : raw).replaceAll("\r\n", "\n").replaceAll("\u0000", "").trim();
  return words.length <= maxChars ? words : `${words.slice(0, maxChars).toWellFormed()}\n(the rest is left out)`;
}
