/** Replies as an account's platform takes them: in its dialect, in parts within its limits. */
import type { Rendered } from "../../kit/text/dialect.ts";
import type { Account } from "./account.ts";
import type { OutboxRow, Payload } from "./outbox.ts";

/** The parts of a message. Text comes after files, except that the first file carries a text that fits under it. */
export async function composeParts(row: OutboxRow, account: Account): Promise<Payload[]> {
  const { content, replyTo, via, buttons, silent } = row.payload;
  if (content.kind !== "markdown") return [row.payload];
  const { media = [], markdown } = content;
  const [first, ...rest] = media;
  const texts = await render(markdown, account);
  const hasCaption = first !== undefined && texts.length === 1 && (await fitsUnderFile(texts[0]!, account));
  const quotesAll = account.settings.replyToMode === "all";
  const contents: Payload["content"][] = [
    ...(first ? [{ kind: "part" as const, text: hasCaption ? texts[0]! : EMPTY, media: first }] : []),
    ...rest.map((file) => ({ kind: "part" as const, text: EMPTY, media: file })),
    ...(hasCaption ? [] : texts.map((text) => ({ kind: "part" as const, text }))),
  ];
  return contents.map((part, index) => ({
    content: part,
    ...((index === 0 || quotesAll) && replyTo && { replyTo }),
    ...(index === 0 && via !== undefined && { via }),
    ...(index === contents.length - 1 && buttons && { buttons }),
    ...(silent && { silent }),
  }));
}

/** The beginning of a text as one message; undefined when there is nothing to show. */
export async function firstPart(markdown: string, account: Account): Promise<Rendered | undefined> {
  return (await render(markdown, account))[0];
}

const EMPTY: Rendered = { text: "", plain: "" };

async function render(markdown: string, account: Account): Promise<Rendered[]> {
  const { renderMarkdown } = await import("../../kit/text/render.ts");
  const { limits } = account.definition;
  const most = Math.min(limits.textChars, account.settings.textChunkLimit ?? limits.textChars);
  return renderMarkdown(markdown, await account.definition.dialect(), { rest: most });
}

async function fitsUnderFile(text: Rendered, { definition }: Account): Promise<boolean> {
  return (await definition.dialect()).measure(text) <= definition.limits.captionChars;
}
