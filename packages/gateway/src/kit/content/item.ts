/**
 * Items: the content of a message beside typed text and files, such as contacts, places, polls, cards and taps. Each
 * kind has one readable form on every channel. An item never holds a command, whoever wrote it.
 */
import { oneLine } from "../text/one-line.ts";
import { tableLines } from "../text/table.ts";

export interface Contact {
  readonly kind: "contact";
  readonly name?: string | undefined;
  readonly organization?: string | undefined;
  readonly numbers?: readonly string[] | undefined;
  readonly mails?: readonly string[] | undefined;
  /** What else the card says: addresses, pages, a note, each with its name. */
  readonly more?: readonly (readonly [name: string, value: string])[] | undefined;
}

/** Degrees, WGS 84. Of a place that moves (`isLive`) only the newest position is kept. */
export interface Place {
  readonly kind: "place";
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  readonly isLive?: boolean | undefined;
  /** Each position of a live place comes as a message of its own. */
  readonly isSerial?: boolean | undefined;
}

export interface AskedPoll {
  readonly kind: "poll";
  readonly question: string;
  readonly answers: readonly string[];
  readonly isMultiple?: boolean | undefined;
  readonly isQuiz?: boolean | undefined;
  readonly isClosed?: boolean | undefined;
}

/** A sticker whose picture is a file beside it, or is not to be had. */
export interface Sticker {
  readonly kind: "sticker";
  readonly emoji?: string | undefined;
  readonly name?: string | undefined;
  readonly set?: string | undefined;
}

/** A tap on a button or on a row of a list, whose label somebody else wrote. */
export interface Tap {
  readonly kind: "tap";
  readonly label: string;
  readonly id?: string | undefined;
}

/**
 * Content that the platform does not deliver to linked devices. `what` and `why` are our words: "a photo", "it is shown
 * once, on phones".
 */
export interface Withheld {
  readonly kind: "withheld";
  readonly what: string;
  readonly why: string;
}

/** Other content that is shown as a card: blocks, embeds, products, invoices, events. `name` is our word: "Invoice". */
export interface Card {
  readonly kind: "card";
  readonly name: string;
  readonly title?: string | undefined;
  readonly text?: string | undefined;
  readonly facts?: readonly (readonly [name: string, value: string])[] | undefined;
  readonly tables?: readonly (readonly (readonly string[])[])[] | undefined;
  readonly buttons?: readonly string[] | undefined;
  readonly url?: string | undefined;
}

export type Item = Contact | Place | AskedPoll | Sticker | Tap | Withheld | Card;

const MAX_LINE_CHARS = 300;
const MAX_TEXT_CHARS = 4_000;
/** The most rows, answers, fields and buttons that are shown; further ones are counted. */
const MAX_ROWS = 100;

/** The readable form of an item. Lines of others never begin with a word of ours. */
export function itemText(item: Item): string {
  switch (item.kind) {
    case "contact":
      return contactText(item);
    case "place":
      return placeText(item);
    case "poll":
      return pollText(item);
    case "sticker":
      return ["Sticker", line(item.emoji), line(item.name), item.set ? `of the set “${line(item.set)}”` : ""]
        .filter((part) => part !== "")
        .join(" ");
    case "tap": {
      const id = item.id && item.id !== item.label ? ` (${line(item.id)})` : "";
      return `Chosen: ${line(item.label) || "without a label"}${id}`;
    }
    case "withheld":
      return `Not shown: ${item.what}; ${item.why}`;
    case "card":
      return cardText(item);
  }
}

function contactText({ name, organization, numbers = [], mails = [], more = [] }: Contact): string {
  const first = `Contact: ${listed([name, organization, ...numbers, ...mails]) || "without a name"}`;
  return [first, ...bounded(more.map(([fact, value]) => `${line(fact)}: ${line(value)}`))].join("\n");
}

function placeText({ latitude, longitude, name, address, isLive }: Place): string {
  const isKnown = Number.isFinite(latitude) && Number.isFinite(longitude);
  const where = isKnown ? `${latitude}, ${longitude}` : "";
  const called = listed([name, address]);
  const both = called !== "" && where !== "" ? `${called} (${where})` : called || where || "not told";
  return `${isLive ? "Place, live" : "Place"}: ${both}`;
}

function pollText({ question, answers, isMultiple, isQuiz, isClosed }: AskedPoll): string {
  const about = [isQuiz ? "quiz" : "", isMultiple ? "several answers" : "", isClosed ? "closed" : ""].filter(Boolean);
  const manner = about.length === 0 ? "" : ` (${about.join(", ")})`;
  return [`Poll${manner}: ${line(question)}`, ...bounded(answers.map((answer) => `- ${line(answer)}`))].join("\n");
}

function cardText({ name, title, text, facts = [], tables = [], buttons = [], url }: Card): string {
  return [
    line(title) === "" ? name : `${name}: ${line(title)}`,
    (text ?? "").trim().slice(0, MAX_TEXT_CHARS).toWellFormed(),
    ...bounded(facts.map(([fact, value]) => (line(fact) === "" ? line(value) : `${line(fact)}: ${line(value)}`))),
    ...tables.map(tableText),
    ...bounded(buttons.filter((label) => line(label) !== "").map((label) => `[${line(label)}]`)),
    line(url),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function tableText(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0) return "";
  const kept = rows.slice(0, MAX_ROWS).map((row) => row.map(line));
  const left = rows.length - kept.length;
  const table = tableLines(kept, new Array<null>(columns).fill(null));
  return left === 0 ? table : `${table}\n… ${left} more rows`;
}

function bounded(lines: readonly string[]): string[] {
  const left = lines.length - MAX_ROWS;
  return left > 0 ? [...lines.slice(0, MAX_ROWS), `… ${left} more`] : [...lines];
}

function listed(parts: readonly (string | undefined)[]): string {
  return parts
    .map(line)
    .filter((part) => part !== "")
    .join(", ");
}

function line(text: string | undefined): string {
  return oneLine(text ?? "", MAX_LINE_CHARS);
}
