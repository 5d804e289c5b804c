/** What is on Discord's messages beside text and files: embeds, components, polls, stickers, activities. */
import type { APIEmbed, APIMessage, APIMessageTopLevelComponent } from "@discordjs/core/http-only";
import { ComponentType, EmbedType } from "@discordjs/core/http-only";
import type { Forwarded } from "../../kit/channel-message.ts";
import { type Card, type Item, itemText } from "../../kit/content/item.ts";
import type { Rule } from "../../kit/rules.ts";

type Fields = Readonly<Record<string, unknown>>;
/** Reads markup as people see it. */
export type ReadText = (content: string) => string;

/** What a component is shown as. */
interface Shown {
  readonly lines?: readonly string[];
  readonly buttons?: readonly string[];
}

const labelled = {
  read: ({ label, placeholder }: Fields): Shown => ({ buttons: [textOf(label) || textOf(placeholder)] }),
};
const nested = {
  read: ({ components, accessory, component }: Fields): Shown => joined([components, accessory, component]),
};
const form = { nobody: "a part of a form, which stands in no message" };

const COMPONENTS: { readonly [Type in ComponentType]: Rule<(component: Fields) => Shown> } = {
  [ComponentType.ActionRow]: nested,
  [ComponentType.Section]: nested,
  [ComponentType.Container]: nested,
  [ComponentType.Label]: nested,
  [ComponentType.Button]: {
    read: ({ label, emoji, url }) => ({
      buttons: [[textOf(label) || textOf(fieldsOf(emoji).name), textOf(url)].filter(Boolean).join(" ")],
    }),
  },
  [ComponentType.StringSelect]: {
    read: ({ placeholder, options }) => ({
      buttons: [textOf(placeholder), ...listOf(options).map((option) => textOf(fieldsOf(option).label))],
    }),
  },
  [ComponentType.UserSelect]: labelled,
  [ComponentType.RoleSelect]: labelled,
  [ComponentType.MentionableSelect]: labelled,
  [ComponentType.ChannelSelect]: labelled,
  [ComponentType.TextDisplay]: { read: ({ content }) => ({ lines: [textOf(content)] }) },
  [ComponentType.Thumbnail]: { read: ({ description }) => ({ lines: [pictureText(description)] }) },
  [ComponentType.MediaGallery]: {
    read: ({ items }) => ({ lines: listOf(items).map((item) => pictureText(fieldsOf(item).description)) }),
  },
  [ComponentType.File]: {
    read: ({ name, file }) => ({ lines: [`File: ${textOf(name) || textOf(fieldsOf(file).url)}`] }),
  },
  [ComponentType.ContentInventoryEntry]: { read: () => ({ lines: ["What somebody plays or listens to"] }) },
  [ComponentType.Separator]: { nobody: "a line between parts" },
  [ComponentType.TextInput]: form,
  [ComponentType.FileUpload]: form,
  [ComponentType.RadioGroup]: form,
  [ComponentType.CheckboxGroup]: form,
  [ComponentType.Checkbox]: form,
};

/** Embeds that somebody composed; the others show what an address leads to. */
const EMBEDS: Readonly<Record<EmbedType, { readonly isComposed: boolean }>> = {
  [EmbedType.Rich]: { isComposed: true },
  [EmbedType.PollResult]: { isComposed: true },
  [EmbedType.AutoModerationMessage]: { isComposed: true },
  [EmbedType.Article]: { isComposed: false },
  [EmbedType.Link]: { isComposed: false },
  [EmbedType.Image]: { isComposed: false },
  [EmbedType.Video]: { isComposed: false },
  [EmbedType.GIFV]: { isComposed: false },
};

/** Everything on a message that is shown as an item. Embeds are items of programs' messages only. */
export function itemsIn(
  message: Partial<APIMessage>,
  { isProgram, read }: { isProgram: boolean; read: ReadText },
): Item[] {
  const { embeds = [], components = [], sticker_items: stickers = [], poll, activity, application } = message;
  const { attachments = [], shared_client_theme: theme } = message;
  return [
    ...attachments.flatMap(({ filename, description }): Item[] =>
      description ? [{ kind: "card", name: "About the file", title: filename, text: description }] : [],
    ),
    ...(theme ? [{ kind: "card", name: "Colours for the app" } as const] : []),
    ...(isProgram ? embeds.filter(isComposed).map((embed) => embedCard(embed, read)) : []),
    ...componentCards(components, read),
    ...stickers.map(({ name }): Item => ({ kind: "sticker", name })),
    ...(poll ? [pollItem(poll)] : []),
    ...(activity ? [{ kind: "card", name: "Invitation to an activity", title: application?.name } as const] : []),
  ];
}

/** Pages that a person's message shows a preview of. */
export function pagesIn(embeds: readonly APIEmbed[], read: ReadText): Forwarded[] {
  return embeds.flatMap((embed) => {
    const text = itemText(embedCard(embed, read)).replace(/^Card(?::\s*|\n|$)/, "");
    const url = embed.url ?? embed.provider?.url;
    // An address whose page says nothing of itself is in the text already.
    return text === "" || text === url ? [] : [{ text, origin: { where: url ?? embed.provider?.name ?? "a page" } }];
  });
}

function isComposed({ type }: APIEmbed): boolean {
  return type === undefined || !Object.hasOwn(EMBEDS, type) || EMBEDS[type].isComposed;
}

function embedCard(embed: APIEmbed, read: ReadText): Card {
  const { author, title, description, fields = [], footer, url, provider } = embed;
  // Previews of pages have pictures of their own, which nobody chose.
  const shown = isComposed(embed)
    ? [embed.image && `Picture: ${embed.image.url}`, embed.video?.url && `Video: ${embed.video.url}`]
    : [];
  const lines = [author?.name ?? provider?.name, description && read(description), ...shown, footer?.text];
  return {
    kind: "card",
    name: "Card",
    title: title && read(title),
    text: lines.filter(Boolean).join("\n"),
    facts: fields.map(({ name, value }) => [read(name), read(value)] as const),
    url,
  };
}

function componentCards(components: readonly APIMessageTopLevelComponent[], read: ReadText): Card[] {
  const { lines = [], buttons = [] } = joined([components]);
  const text = lines.map(read).filter(Boolean).join("\n");
  const labels = buttons.filter((label) => label !== "");
  return text === "" && labels.length === 0 ? [] : [{ kind: "card", name: "Card", text, buttons: labels }];
}

function joined(parts: readonly unknown[]): Shown {
  const all = parts.flatMap((part) => (Array.isArray(part) ? part : part === undefined ? [] : [part])).map(shownAs);
  return { lines: all.flatMap(({ lines = [] }) => lines), buttons: all.flatMap(({ buttons = [] }) => buttons) };
}

/** A component of a kind that is not known yet is told by its number. */
function shownAs(component: unknown): Shown {
  const fields = fieldsOf(component);
  const type = fields.type as ComponentType;
  const rule = Object.hasOwn(COMPONENTS, type) ? COMPONENTS[type] : undefined;
  if (!rule) return { lines: [`(a part of the kind ${Number(fields.type)}, which cannot be shown)`] };
  return "read" in rule ? rule.read(fields) : {};
}

function pollItem({ question, answers, allow_multiselect, results }: NonNullable<APIMessage["poll"]>): Item {
  return {
    kind: "poll",
    question: question.text ?? "",
    answers: answers.map(({ poll_media }) => [poll_media.emoji?.name, poll_media.text].filter(Boolean).join(" ")),
    ...{ isMultiple: allow_multiselect, isClosed: results?.is_finalized },
  };
}

function pictureText(description: unknown): string {
  return textOf(description) === "" ? "Picture" : `Picture: ${textOf(description)}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
