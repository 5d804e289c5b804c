/** Renders replies for an account's platform: in its dialect, in parts within its limits. */
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import type { Dialect, Rendered } from "../../../../kit/text/dialect.ts";
import type { renderMarkdown } from "../../../../kit/text/render.ts";
import type { Account } from "../accounts/account.ts";
import type { Content, OutboxRow, Payload } from "./outbox/outbox-rows.ts";

interface Tools {
  readonly renderMarkdown: typeof renderMarkdown;
  readonly dialect: Dialect;
}

/** Loaded renderers, by channel. */
const loaded = new Map<ChannelDefinition, Tools>();

/** The parts of a message. Text comes after files, except that the first file carries a text that fits under it. */
export async function composeParts({ payload }: Pick<OutboxRow, "payload">, account: Account): Promise<Payload[]> {
  const { content } = payload;
  if (content.kind !== "markdown") return [payload];
  const { media = [], markdown } = content;
  const [first, ...rest] = media;
  const tools = await toolsOf(account.definition);
  const { dialect } = tools;
  const texts = textsOf(markdown, tools, account);
  const { captionChars } = account.definition.limits;
  const hasCaption = first !== undefined && texts.length === 1 && dialect.measure(texts[0]!) <= captionChars;
  const contents: Content[] = [
    ...(first ? [{ kind: "part" as const, text: hasCaption ? texts[0]! : EMPTY, media: first }] : []),
    ...rest.map((file) => ({ kind: "part" as const, text: EMPTY, media: file })),
    ...(hasCaption ? [] : texts.map((text) => ({ kind: "part" as const, text }))),
  ];
  return place(contents, payload, account);
}

/** Like `composeParts` without waiting; undefined until the renderer and the account's dialect have been loaded once. */
export function composePartsNow(payload: Payload, account: Account): Payload[] | undefined {
  const { content } = payload;
  const tools = loaded.get(account.definition);
  if (!tools || content.kind !== "markdown" || content.media) return undefined;
  return place(
    textsOf(content.markdown, tools, account).map((text) => ({ kind: "part" as const, text })),
    payload,
    account,
  );
}

/** Loads the renderer for an account's replies. */
export async function loadRenderer({ definition }: Account): Promise<void> {
  await toolsOf(definition);
}

/** The start of a text as one message; undefined when there is nothing to show. */
export async function firstPart(markdown: string, account: Account): Promise<Rendered | undefined> {
  return textsOf(markdown, await toolsOf(account.definition), account)[0];
}

/**
 * Cuts Markdown into the texts of messages. One that shows nothing, such as a link's definition, is shown as it was
 * written.
 */
function textsOf(markdown: string, { dialect, renderMarkdown }: Tools, account: Account): readonly Rendered[] {
  const most = { rest: mostOf(account) };
  // Remove secrets before rendering and cutting: half a secret, or one with marks in it, is not recognised.
  const clean = account.guarded(markdown);
  const texts = renderMarkdown(clean, dialect, most);
  if (texts.length > 0 || clean.trim() === "") return texts;
  return renderMarkdown(`~~~~~~\n${clean}\n~~~~~~`, dialect, most);
}

const EMPTY: Rendered = { text: "", plain: "" };

/** Attaches quotes to the first part of a message, and buttons to its last. */
function place(contents: readonly Content[], { replyTo, via, buttons, silent }: Payload, account: Account): Payload[] {
  const quotesAll = account.settings.replyToMode === "all";
  return contents.map((content, index) => ({
    content,
    ...((index === 0 || quotesAll) && replyTo && { replyTo }),
    ...(index === 0 && via !== undefined && { via }),
    ...(index === contents.length - 1 && buttons && { buttons }),
    ...(silent && { silent }),
  }));
}

async function toolsOf(definition: ChannelDefinition): Promise<Tools> {
  const known = loaded.get(definition);
  if (known) return known;
  const [{ renderMarkdown }, dialect] = await Promise.all([
    import("../../../../kit/text/render.ts"),
    definition.dialect(),
  ]);
  const tools = { renderMarkdown, dialect };
  loaded.set(definition, tools);
  return tools;
}

function mostOf({ definition: { limits }, settings: { textChunkLimit } }: Account): number {
  return Math.min(limits.textChars, textChunkLimit ?? limits.textChars);
}
