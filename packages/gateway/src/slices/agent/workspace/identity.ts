/** What IDENTITY.md says of an agent: its name, its sign, its picture. */

/** Lines that are empty are left out. */
export interface WrittenIdentity {
  readonly name?: string;
  readonly emoji?: string;
  /** An address of a picture, or a picture as a data URL. */
  readonly avatar?: string;
}

const LINE = /^[\s>*-]*\**(name|emoji|avatar)\**\s*:\**[ \t]*(\S.*)$/i;
const PICTURE = /^(https?:\/\/|data:image\/)/i;
const MAX_CHARS = { name: 50, emoji: 16, avatar: 200 } as const;

/** Reads lines such as "- Name: Ada" or "**Emoji:** 🦉"; the first of each counts. */
export function identityOf(text: string): WrittenIdentity {
  const found: { -readonly [Name in keyof WrittenIdentity]: string } = {};
  for (const line of text.split("\n")) {
    const [, name = "", value = ""] = LINE.exec(line) ?? [];
    const field = name.toLowerCase() as keyof WrittenIdentity;
    const said = value.replaceAll(/^[*_`\s]+|[*_`\s]+$/g, "");
    if (said === "" || !(field in MAX_CHARS) || found[field] !== undefined) continue;
    if (said.length > MAX_CHARS[field] || (field === "avatar" && !PICTURE.test(said))) continue;
    found[field] = said;
  }
  return found;
}
