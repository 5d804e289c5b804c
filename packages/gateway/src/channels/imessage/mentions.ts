/** Who a message in a group is meant for: a mention of Messages itself where it is told, else "@name" in the text. */
import { foreignName, type SenderText, startingAt, withForeignNames } from "../../kit/text/sender-text.ts";
import { withoutFileMarks } from "./echoes.ts";

export interface Addressed extends SenderText {
  readonly mentionsSelf: boolean;
}

/** The name that stands for the account when the settings have none. */
const DEFAULT_NAME = "moltbot";

/** Looks for "@name"; at the beginning it is an address, and left out. */
export function readNamed(said: SenderText, name = DEFAULT_NAME): Addressed {
  const named = `@${RegExp.escape(name)}(?![\\p{L}\\p{N}])`;
  if (!new RegExp(`(?:^|[^\\p{L}\\p{N}])${named}`, "iu").test(said.text)) return { ...said, mentionsSelf: false };
  const address = new RegExp(`^\\s*${named}[\\s,:]*`, "iu").exec(said.text);
  return { ...(address ? startingAt(said, address[0].length) : said), mentionsSelf: true };
}

/** A mention of Messages: what part of the text it is, and whom it means. */
export interface Mention {
  readonly start: number;
  readonly length: number;
  readonly handle: string;
}

/** A text in which mentions are told. `isSelf` knows the account's handles; the names of all others are theirs. */
export function readMentions(
  text: string,
  mentions: readonly Mention[],
  isSelf: (handle: string) => boolean,
): Addressed {
  const own = mentions.filter(({ handle }) => isSelf(handle));
  const address = own.find(({ start }) => withoutFileMarks(text.slice(0, start)) === "");
  const from = address ? address.start + address.length : 0;
  const rest = text.slice(from);
  const said = withForeignNames(
    rest,
    mentions.map(({ start, length, handle }) => ({
      ...{ start: start - from, length },
      said: foreignName({
        sign: "@",
        name: rest.slice(start - from, start - from + length).replace(/^@/, ""),
        id: handle,
      }),
    })),
  );
  const blanks = address ? /^[\s,:]+/.exec(said.text) : null;
  const left = blanks ? startingAt(said, blanks[0].length) : said;
  return { ...left, text: left.text.replaceAll("\uFFFD", "").trim(), mentionsSelf: own.length > 0 };
}
