// A conversation as a file: everything that was ever said in it, as Markdown to read or as JSON for programs.

import type { ChatPastResult, GatewayClient } from "@moltbot/protocol";
import { t } from "../words/t.ts";
import { pastItems } from "./conversation.ts";
import { beginningText, joinChapters, readPast } from "./older-messages.ts";

/** The forms that a conversation can be saved in. */
export type ExportFormat = "markdown" | "json";

/** A file to be saved. */
interface ExportFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** Fetches everything that was ever said in a session, and offers it as a download. */
export async function exportSession(
  gateway: Pick<GatewayClient, "request">,
  { key, title, format }: { readonly key: string; readonly title: string; readonly format: ExportFormat },
): Promise<void> {
  const pages: ChatPastResult[] = [];
  for (let before: string | undefined, isMore = true; isMore; ) {
    const params = { sessionKey: key, limit: 200, ...(before !== undefined && { before }) };
    const page = await gateway.request("chat.past", params);
    pages.unshift(page);
    before = page.transcripts.flatMap(({ messages }) => messages)[0]?.id;
    isMore = page.hasOlder && before !== undefined;
  }
  save(exportFile(title, pages, format));
}

/** Writes the file of some pages, oldest first. */
function exportFile(title: string, pages: readonly ChatPastResult[], format: ExportFormat): ExportFile {
  const name = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "conversation";
  if (format === "json") {
    const transcripts = pages.flatMap((page) => page.transcripts);
    return {
      name: `${name}.json`,
      type: "application/json",
      text: `${JSON.stringify({ title, transcripts }, undefined, 2)}\n`,
    };
  }
  return { name: `${name}.md`, type: "text/markdown", text: markdownOf(title, pages) };
}

/** Offers a file as a download. */
function save({ name, type, text }: ExportFile): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // browsers read it after the click
}

function markdownOf(title: string, pages: readonly ChatPastResult[]): string {
  const chapters = joinChapters(pages.flatMap((page) => readPast(page).chapters));
  const parts = chapters.flatMap(({ messages, reason }, index) => [
    ...(index === 0 ? [] : [`---\n\n_${beginningText(reason)}_`]),
    ...pastItems(messages).flatMap((item) => {
      if (item.kind === "user") return [spoken(t("You"), item.message.at, item.message.text || filesOf(item.message))];
      if (item.kind === "reply" && item.reply.text !== "") return [spoken("Moltbot", item.reply.at, item.reply.text)];
      return [];
    }),
  ]);
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}

function spoken(who: string, at: number, text: string): string {
  return `**${who}**, ${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC\n\n${text}`;
}

function filesOf({ attachments }: { attachments: readonly { fileName: string }[] }): string {
  return attachments.map(({ fileName }) => `_${fileName}_`).join("\n");
}
