/** Why a message was answered or not, with the line of the config that decided it. */

import { isRecord } from "../../../../base/config/config.ts";
import type { ConfigSnapshot } from "../../../../base/config/config-file.ts";
import { lineOf } from "../../../../base/config/config-line.ts";
import { defined } from "../../../../base/defined.ts";
import type { InboxEntryShape, OutboxEntryShape } from "../schema.ts";

export interface Explanation {
  readonly entry: InboxEntryShape;
  readonly config?: {
    readonly path: string;
    readonly line?: number;
    readonly value?: unknown;
    readonly isDefault: boolean;
  };
  /** The place of the binding that chose the agent. */
  readonly binding?: { readonly path: string; readonly line?: number };
  readonly parts: OutboxEntryShape[];
}

export function explainEntry(
  entry: InboxEntryShape,
  parts: OutboxEntryShape[],
  { parsed, raw }: Pick<ConfigSnapshot, "parsed" | "raw">,
  seesConfig: boolean,
): Explanation {
  const { setting, binding: bindingPath } = entry;
  const bindingLine = bindingPath === undefined || raw === null ? undefined : lineOf(bindingPath, raw);
  const binding = bindingPath !== undefined && {
    binding: { path: bindingPath, ...defined({ line: bindingLine }) },
  };
  if (setting === undefined) return { entry, ...binding, parts };
  const value = valueAt(parsed, setting);
  const line = value === undefined || raw === null ? undefined : lineOf(setting, raw);
  return {
    entry,
    config: {
      path: setting,
      ...defined({ line }),
      ...(seesConfig && { value: value ?? null }),
      isDefault: value === undefined,
    },
    ...binding,
    parts,
  };
}

/** The value at a dotted path; keys may hold dots themselves. */
function valueAt(value: unknown, path: string): unknown {
  if (path === "") return value;
  if (!isRecord(value)) return undefined;
  const key = Object.keys(value).find(
    (each) => path.toLowerCase() === each.toLowerCase() || path.toLowerCase().startsWith(`${each.toLowerCase()}.`),
  );
  return key === undefined ? undefined : valueAt(value[key], path.slice(key.length + 1));
}
