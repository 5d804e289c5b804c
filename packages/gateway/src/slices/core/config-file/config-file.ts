/** Reads and changes the config for clients: secrets hidden, comments kept, every write checked against its base. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { isRecord, readConfig } from "../../../base/config/config.ts";
import type { ConfigSnapshot } from "../../../base/config/config-file.ts";
import { parseJson5 } from "../../../base/config/json5.ts";
import { ignore, invalidRequest, messageOf } from "../../../base/errors.ts";
import { readTextIfExists, writePrivateFile } from "../../../base/files.ts";
import type { Base } from "../../../kit/base.ts";
import { isSecret } from "../../../kit/schema/keys-and-addresses.ts";
import type { Schema } from "../../../kit/schema/validate.ts";
import type { SettingsDefinition } from "../../../kit/settings.ts";
import type { Notices } from "../notices/notices.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { commentsOf } from "./comments.ts";
import { configChanged } from "./events.ts";
import { changedNames, readHistory } from "./history.ts";
import { lookUp } from "./lookup.ts";
import { refuseUnknownModels } from "./model-names.ts";
import { shownToReaders } from "./readers.ts";
import { redactText, redactValue, restoreSecrets, secretsOf } from "./redact.ts";

/** A client's note on a change. It is shown to the session that asked for the change, after a restart too. */
export interface ChangeNote {
  readonly kind: "config-apply" | "config-patch";
  readonly sessionKey: string | undefined;
  readonly note: string | undefined;
  readonly restartDelayMs: number | undefined;
}

export interface ConfigFileServices extends Base {
  readonly notices: Pick<Notices, "add">;
  readonly sessions: Pick<Sessions, "models">;
}

const DEFAULT_RESTART_DELAY_MS = 2_000;
const MAX_RESTART_DELAY_MS = 60_000;

export class ConfigFile {
  readonly #base: ConfigFileServices;
  readonly #schemas: ReadonlyMap<string, Schema>;

  constructor(base: ConfigFileServices) {
    this.#base = base;
    this.#schemas = new Map(
      base.config.sections.map((section) => [section.path, (section as SettingsDefinition).schema as Schema]),
    );
  }

  /** The file and the values in force, without secrets. */
  get() {
    const snapshot = this.#base.config.snapshot();
    const { own, elsewhere } = this.#secrets(snapshot);
    const { path, exists, valid, hash, issues, warnings } = snapshot;
    const raw = snapshot.raw === null ? null : redactText(snapshot.raw, elsewhere, this.#schemas);
    return {
      path,
      exists,
      raw,
      parsed: redactValue(snapshot.parsed, own),
      valid,
      config: redactValue(snapshot.config, elsewhere),
      hash,
      issues: [...issues],
      warnings: [...warnings],
      legacyIssues: [],
      comments: commentsOf(raw ?? ""),
    };
  }

  /** The config for readers who may not administer: without any text that could be a secret or a path. */
  getForReaders() {
    return shownToReaders(this.#base.config.snapshot(), this.#schemas);
  }

  /** One place of the schema and what is below it. Throws `INVALID_REQUEST` when there is no such setting. */
  lookUp(path: string): ReturnType<typeof lookUp> {
    return lookUp(path, this.#schemas);
  }

  /** Replaces the file's text. Throws as `Config.write` does, and `INVALID_REQUEST` for a model that cannot be asked. */
  set(raw: string, baseHash: string | undefined) {
    const { config, sessions } = this.#base;
    const snapshot = config.snapshot();
    const text = restoreSecrets(raw, this.#secrets(snapshot));
    const { parsed, issues } = readConfig(text, []);
    // An invalid file is refused below, with the line.
    if (issues.length === 0)
      refuseUnknownModels({ before: snapshot.parsed, after: parsed }, (name) => sessions.models.now.refOf(name));
    const { hash } = config.write(text, baseHash);
    this.#base.bus.publish(configChanged, { hash });
    const { path, config: values } = this.get();
    return { ok: true as const, path, config: values };
  }

  /** Replaces the file's text and restarts in place when a changed section needs it. */
  apply(raw: string, baseHash: string | undefined, change: ChangeNote) {
    const { config } = this.#base;
    let needed = false;
    const watcher = config.onRestartNeeded(() => {
      needed = true;
    });
    try {
      const written = this.set(raw, baseHash);
      return { ...written, ...this.#applied(needed, change) };
    } finally {
      watcher[Symbol.dispose]();
    }
  }

  /** Merges an object into the file; null deletes. Comments stay. */
  async patch(rawPatch: string, baseHash: string | undefined, change: ChangeNote) {
    const { config } = this.#base;
    const snapshot = config.snapshot();
    if (!snapshot.valid) throw invalidRequest("invalid config; fix before patching");
    const patch = parseObject(restoreSecrets(rawPatch, this.#secrets(snapshot)));
    const { patchConfigText } = await import("../../../base/config/config-edit.ts");
    return this.apply(patchConfigText(snapshot.raw ?? "", patch), baseHash, change);
  }

  /**
   * What a text, a patch or an earlier text would do. Throws `INVALID_REQUEST` for a patch that cannot be merged, and for
   * a marker that is at a wrong place.
   */
  async check({ raw, patch, version }: { raw?: string; patch?: string; version?: string }) {
    const { config } = this.#base;
    const snapshot = config.snapshot();
    const secrets = this.#secrets(snapshot);
    const before = snapshot.raw ?? "";
    const after =
      version !== undefined
        ? this.#version(version)
        : patch === undefined
          ? restoreSecrets(raw ?? "", secrets)
          : (await import("../../../base/config/config-edit.ts")).patchConfigText(
              before,
              parseObject(restoreSecrets(patch, secrets)),
            );
    const { issues, warnings, values } = config.read(after);
    const hidden = (text: string) => redactText(text, secrets.elsewhere, this.#schemas);
    const now = config.read(before).values;
    return {
      valid: issues.length === 0,
      issues: [...issues],
      warnings: [...warnings],
      before: hidden(before),
      after: hidden(after),
      changed: issues.length === 0 ? changedNames(before, after) : [],
      restarts: issues.length === 0 ? [...config.restartsFor(now, values)] : [],
      hash: snapshot.hash,
    };
  }

  /** Earlier texts, the latest first, each with what its replacement changed. */
  history(): { id: string; atMs: number; changed: string[] }[] {
    const versions = readHistory(this.#historyPlace);
    const now = this.#base.config.snapshot().raw ?? "";
    return versions.map(({ id, atMs, raw }, index) => ({
      ...{ id, atMs },
      changed: changedNames(raw, index === 0 ? now : (versions[index - 1]?.raw ?? "")),
    }));
  }

  /** Puts an earlier text back. Throws `INVALID_REQUEST` when there is no such version, and as `apply` does. */
  undo(version: string, baseHash: string | undefined, change: ChangeNote) {
    return this.apply(this.#version(version), baseHash, change);
  }

  get #historyPlace() {
    return { path: this.#base.config.path, fallbackFolder: this.#base.stateDir };
  }

  #version(id: string): string {
    const version = readHistory(this.#historyPlace).find((each) => each.id === id);
    if (version === undefined)
      throw invalidRequest("the history has no such version any more; ask for config.history again");
    return version.raw;
  }

  /** The JSON Schema of the whole file, with hints for a form. */
  schema() {
    const sections = this.#base.config.sections as readonly SettingsDefinition[];
    const properties = Object.fromEntries(sections.map(({ path, schema }) => [path, schema]));
    const uiHints: Record<string, { label: string; help?: string; group: string; sensitive?: boolean }> = {};
    for (const { path, summary, schema } of sections) {
      uiHints[path] = { label: path, help: summary, group: path };
      collectHints(schema as Schema, path, path, uiHints);
    }
    return {
      schema: { $schema: "http://json-schema.org/draft-07/schema#", type: "object", properties },
      uiHints,
      version: this.#base.version,
      generatedAt: new Date(this.#base.clock.now()).toISOString(),
    };
  }

  /** Tells the session that asked for a change about the restart, once. */
  resume(): void {
    const text = readTextIfExists(this.#sentinelPath);
    if (text === undefined) return;
    rmSync(this.#sentinelPath, { force: true });
    const { sessionKey, message } = readSentinel(text);
    if (sessionKey) this.#tell(sessionKey, message);
  }

  /** Queues a note for the agent's next turn in a session. */
  #tell(sessionKey: string, note: string | null | undefined): void {
    this.#base.notices.add(sessionKey, { text: changeLine(note), from: { kind: "event", id: "the gateway" } });
  }

  get #sentinelPath(): string {
    return join(this.#base.stateDir, "restart-sentinel.json");
  }

  #applied(needed: boolean, { kind, sessionKey, note, restartDelayMs }: ChangeNote) {
    const delayMs = Math.min(restartDelayMs ?? DEFAULT_RESTART_DELAY_MS, MAX_RESTART_DELAY_MS);
    const payload = {
      kind,
      status: "ok",
      ts: this.#base.clock.now(),
      ...(sessionKey && { sessionKey }),
      message: note ?? null,
      doctorHint: "moltbot doctor",
      stats: {},
    };
    if (needed) {
      writePrivateFile(this.#sentinelPath, JSON.stringify({ version: 1, payload }));
      this.#base.host.requestRestart(kind, delayMs);
    } else if (sessionKey) this.#tell(sessionKey, note);
    return {
      restart: { ok: true, pid: process.pid, signal: "SIGUSR1", delayMs, reason: kind, mode: "emit", needed },
      sentinel: { path: needed ? this.#sentinelPath : null, payload },
    };
  }

  /**
   * The secrets of the file, which markers stand for, and those in force, which variables, included files and flags may
   * have added.
   */
  #secrets({ raw, parsed, config }: ConfigSnapshot) {
    const elsewhere = secretsOf(config, this.#schemas);
    return { own: secretsOf(parsed, this.#schemas, elsewhere), elsewhere, ...(raw !== null && { raw }) };
  }
}

function readSentinel(text: string): { readonly sessionKey?: string; readonly message?: string | null } {
  try {
    return (JSON.parse(text) as { payload: object }).payload;
  } catch (error) {
    ignore(error, "a note that cannot be read must not keep the gateway from starting");
    return {};
  }
}

/** The text about a change for the agent. */
function changeLine(note: string | null | undefined): string {
  return note ? `Config changed: ${note}` : "Config changed.";
}

function parseObject(raw: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson5(raw);
  } catch (error) {
    throw invalidRequest(`config.patch raw is not valid JSON5: ${messageOf(error)}`);
  }
  if (!isRecord(value)) throw invalidRequest("config.patch raw must be an object");
  return value;
}

function collectHints(
  schema: Schema,
  path: string,
  group: string,
  hints: Record<string, { label: string; help?: string; group: string; sensitive?: boolean }>,
): void {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const { description, format } = inner as { description?: string; format?: string };
    hints[`${path}.${name}`] = {
      label: name,
      group,
      ...(description && { help: description }),
      ...(isSecret({ format }) && { sensitive: true }),
    };
    collectHints(inner, `${path}.${name}`, group, hints);
  }
}
