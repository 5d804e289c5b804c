/** docs/settings.md: every setting, read off the sections of the config file. */
import { SETTINGS } from "../../packages/gateway/src/catalog.ts";
import type { Schema } from "../../packages/gateway/src/kit/schema/validate.ts";
import { settings as gateway } from "../../packages/gateway/src/server/settings.ts";

type Described = Schema & { readonly description?: string; readonly default?: unknown; readonly format?: string };

interface Row {
  readonly path: string;
  readonly values: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The page's text. */
export function emitSettings(): string {
  const sections = [gateway, ...SETTINGS].map(({ path, summary, reload, needsRestart, schema }) => {
    const rows = rowsOf(schema as Described, path);
    const live = needsRestart
      ? "A change applies at once, where no setting says otherwise."
      : "A change applies at once.";
    const effect = reload === "restart" ? "A change restarts the gateway in place." : live;
    const table = rows.map((row) => `| \`${row.path}\` | ${row.values} | ${row.fallback} | ${row.meaning} |`);
    return [
      `## ${path}`,
      "",
      `${summary} ${effect}`,
      "",
      "| setting | value | default | |",
      "|---|---|---|---|",
      ...table,
    ].join("\n");
  });
  return `${INTRODUCTION}\n${sections.join("\n\n")}\n`;
}

const INTRODUCTION = `<!-- Made by \`npm run generate\`. -->

# Settings

The config file is \`moltbot.json\` in the state folder (\`moltbot config path\`): JSON with comments, or JSON5. Change it with an
editor or with \`moltbot config set PATH VALUE\`. Saved changes are taken over while the gateway runs; a file with a mistake is
reported in the log, in \`health\` and by \`moltbot doctor\`, and the last good version stays in force.

\`\`\`
$ moltbot config set messages.keepDays 60
messages.keepDays is 60 now.
$ moltbot config get messages.keepDays
60
$ moltbot config set messages.keepDays lots
messages.keepDays must be integer. Nothing was changed.
\`\`\`
`;

function rowsOf(schema: Described, path: string): Row[] {
  const inner = Object.entries(schema.properties ?? {});
  if (inner.length > 0) return inner.flatMap(([name, property]) => rowsOf(property as Described, `${path}.${name}`));
  const [[, values] = []] = Object.entries(schema.patternProperties ?? {});
  if (values?.properties) return rowsOf(values as Described, `${path}.NAME`);
  if (schema.items?.properties) return rowsOf(schema.items as Described, `${path}[]`);
  const fallback = schema.default === undefined ? "" : code(schema.default);
  return [{ path, values: valuesOf(schema), fallback, meaning: schema.description ?? "" }];
}

function valuesOf(schema: Described): string {
  if (String(schema.format).startsWith("secret")) return "secret text";
  if (schema.anyOf) return schema.anyOf.map((branch) => valuesOf(branch as Described)).join(", ");
  if ("const" in schema) return code(schema.const);
  if (schema.type === "array") return `list of ${valuesOf((schema.items ?? {}) as Described)}`;
  const range = [schema.minimum, schema.maximum].filter((limit) => limit !== undefined).join(" to ");
  const word =
    { string: "text", integer: "whole number", number: "number", boolean: "true, false", object: "object" }[
      schema.type ?? ""
    ] ?? "anything";
  return range && schema.maximum !== undefined ? `${word}, ${range}` : word;
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
