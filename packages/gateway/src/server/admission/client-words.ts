/**
 * What a client says of itself, as it is shown to people: in lists, on terminals and in questions of nodes. Signs that cannot
 * be seen, that turn the direction of a text or that steer a terminal are taken out once, before anybody reads them.
 */
import { defined } from "../../base/defined.ts";
import type { Caller } from "../../kit/access.ts";
import { oneLine } from "../../kit/text/one-line.ts";

/** The longest name, and the longest other word; characters. */
const MAX_NAME_CHARS = 128;
const MAX_PERMISSIONS = 100;
/** Names of commands, capabilities and permissions. */
const PLAIN = /^[\x21-\x7e]{1,128}$/;

/** A client whose words may be shown. */
export function shownClient(client: Caller["client"]): Caller["client"] {
  const { displayName, platform, version, deviceFamily, modelIdentifier, instanceId } = client;
  const word = (text: string | undefined) => (text && oneLine(text, MAX_NAME_CHARS)) || undefined;
  const { displayName: _1, deviceFamily: _2, modelIdentifier: _3, instanceId: _4, ...rest } = client;
  return {
    ...rest,
    ...{ platform: word(platform) ?? "unknown", version: word(version) ?? "unknown" },
    ...defined({
      displayName: word(displayName),
      deviceFamily: word(deviceFamily),
      modelIdentifier: word(modelIdentifier),
      instanceId: word(instanceId),
    }),
  };
}

/** Names of commands or capabilities that are such names, each once. */
export function plainNames(names: readonly string[] = []): string[] {
  return [...new Set(names.map((name) => name.trim()).filter((name) => PLAIN.test(name)))];
}

/** Permissions under plain names; undefined when none were told. */
export function plainPermissions(
  permissions: Readonly<Record<string, boolean>> | undefined,
): Record<string, boolean> | undefined {
  if (permissions === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(permissions)
      .filter(([name]) => PLAIN.test(name))
      .slice(0, MAX_PERMISSIONS),
  );
}
