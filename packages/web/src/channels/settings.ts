// The fields of a channel's settings, with the types that the gateway's config schema gives them.

import { isRecord } from "@moltbot/protocol";
import { said } from "../words/t.ts";
import type { Channel, Setting } from "./state.ts";

/** A setting as a form field. */
export interface Field extends Setting {
  readonly label: string;
  readonly kind: "secret" | "text" | "number" | "switch" | "list";
  /** The only values there are, as the form shows them; none when any text may be given. */
  readonly choices: readonly string[];
}

/** The fields of a channel; without a schema all but secrets are text. */
export function fieldsOf({ id, settings }: Channel, schema: unknown): Field[] {
  let at = schema;
  for (const key of ["properties", "channels", "properties", id, "properties"]) at = isRecord(at) ? at[key] : undefined;
  const schemas = isRecord(at) ? at : {};
  return settings.filter(isForPeople).map((setting) => {
    const described = schemas[setting.name];
    const kind = kindOf(setting, described);
    const choices = kind === "switch" ? [said("yes"), said("no")] : choicesOf(described);
    return { ...setting, label: words(setting.name), kind, choices };
  });
}

/** What only tests set is left to the config file. */
function isForPeople({ description }: Setting): boolean {
  return !/\bfor tests\b/.test(description);
}

/** What a form's field says, or undefined when it was left empty. */
export function readField({ kind }: Field, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (kind === "number") return Number(trimmed);
  if (kind === "switch") return trimmed === "yes";
  if (kind === "list") return trimmed.split(",").map((each) => each.trim());
  return trimmed;
}

function kindOf({ isSecret }: Setting, schema: unknown): Field["kind"] {
  if (isSecret) return "secret";
  const type = isRecord(schema) ? schema.type : undefined;
  if (type === "integer" || type === "number") return "number";
  if (type === "boolean") return "switch";
  return type === "array" ? "list" : "text";
}

function choicesOf(schema: unknown): string[] {
  const options = isRecord(schema) && Array.isArray(schema.anyOf) ? schema.anyOf : [];
  return options.flatMap((each) => (isRecord(each) && typeof each.const === "string" ? [each.const] : []));
}

/** `botToken` as people read it: "Bot token". */
function words(name: string): string {
  const spaced = name.replace(/[A-Z]+/g, (capitals) => ` ${capitals.toLowerCase()}`);
  const sentence = spaced.charAt(0).toUpperCase() + spaced.slice(1);
  return sentence.replace(/\b(url|api|id)\b/gi, (word) => word.toUpperCase());
}
