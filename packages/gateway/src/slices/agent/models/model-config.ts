/** Reads and changes the models in the config: the answering model, its fallbacks, aliases, keys. */
import { isRecord } from "../../../base/config/config.ts";
import type { Config } from "../../../base/config/config-file.ts";
import { invalidRequest } from "../../../base/errors.ts";

/** A JSON merge patch (RFC 7396): null deletes. */
type Patch = Readonly<Record<string, unknown>>;

/** The model that answers when nothing else is chosen, and who is asked when it cannot. */
export interface Chosen {
  readonly primary: string | undefined;
  readonly fallbacks: readonly string[];
}

interface SaveOptions {
  readonly beside: boolean;
  readonly more?: Patch;
}

export class ModelConfig {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /** What is under `agents.defaults.model`. */
  get chosen(): Chosen {
    const model = this.#at("agents", "defaults", "model");
    if (typeof model === "string") return { primary: model, fallbacks: [] };
    if (!isRecord(model)) return { primary: undefined, fallbacks: [] };
    const { primary, fallbacks } = model;
    return {
      primary: typeof primary === "string" ? primary : undefined,
      fallbacks: Array.isArray(fallbacks) ? fallbacks.filter((each) => typeof each === "string") : [],
    };
  }

  /** Makes a model the one that answers; its fallbacks stay. */
  async choose(ref: string): Promise<void> {
    const isPlain = !isRecord(this.#at("agents", "defaults", "model"));
    await this.#apply({ agents: { defaults: { model: isPlain ? ref : { primary: ref } } } });
  }

  /** Adds a model to the fallbacks, or takes it off. Throws `INVALID_REQUEST` when no model is chosen. */
  async setFallback(ref: string, isOn: boolean): Promise<void> {
    const { primary, fallbacks } = this.chosen;
    if (primary === undefined)
      throw invalidRequest("No model is chosen yet that another could stand in for; choose one first.");
    const others = fallbacks.filter((each) => each.toLowerCase() !== ref.toLowerCase());
    const model = { primary, fallbacks: isOn ? [...others, ref] : others };
    await this.#apply({ agents: { defaults: { model } } });
  }

  /** Gives a model a short name, or takes the name away with undefined. */
  async setAlias(alias: string, ref: string | undefined): Promise<void> {
    if (!/^[\w.:-]{1,64}$/.test(alias))
      throw invalidRequest("A short name is made of up to 64 letters, digits and _ . : -");
    const elsewhere = Object.entries(this.#record("agents", "defaults", "models")).flatMap(([model, entry]) =>
      isRecord(entry) && entry.alias === alias ? [[model, { alias: null }] as const] : [],
    );
    const models = Object.fromEntries(elsewhere);
    await this.#apply({
      models: { aliases: { [alias]: ref ?? null } },
      ...(elsewhere.length > 0 && { agents: { defaults: { models } } }),
    });
  }

  /** Saves a provider's key and settings; with `beside`, next to its other keys. */
  async saveKey(providerId: string, key: string, { beside, more = {} }: SaveOptions): Promise<void> {
    const { apiKey, apiKeys } = this.#record("models", "providers", providerId);
    const others = Array.isArray(apiKeys) ? apiKeys.filter((each) => each !== key) : [];
    const replaced = { apiKey: key, ...(others.length > 0 && { apiKeys: null }) };
    const keys = beside && apiKey !== key ? { apiKeys: [...others, key] } : replaced;
    await this.#apply({ models: { providers: { [providerId]: { ...more, ...keys } } } });
  }

  /** Removes a provider's keys; returns how many there were. An entry that becomes empty is removed too. */
  async removeKeys(providerId: string): Promise<number> {
    const { apiKey, apiKeys, ...rest } = this.#record("models", "providers", providerId);
    const count = (typeof apiKey === "string" ? 1 : 0) + (Array.isArray(apiKeys) ? apiKeys.length : 0);
    if (count === 0) return 0;
    const nothing = { ...(apiKey !== undefined && { apiKey: null }), ...(apiKeys !== undefined && { apiKeys: null }) };
    const entry = Object.keys(rest).length === 0 ? null : nothing;
    await this.#apply({ models: { providers: { [providerId]: entry } } });
    return count;
  }

  /** The id of a provider as the config spells it. */
  spelled(providerId: string): string {
    const lower = providerId.toLowerCase();
    return Object.keys(this.#record("models", "providers")).find((id) => id.toLowerCase() === lower) ?? lower;
  }

  async #apply(patch: Patch): Promise<void> {
    const { patchConfigText } = await import("../../../base/config/config-edit.ts");
    const { raw, hash } = this.#config.snapshot();
    this.#config.write(patchConfigText(raw ?? "", patch), hash);
  }

  #record(...path: readonly string[]): Record<string, unknown> {
    const value = this.#at(...path);
    return isRecord(value) ? value : {};
  }

  #at(...path: readonly string[]): unknown {
    return path.reduce<unknown>(
      (value, key) => (isRecord(value) ? value[key] : undefined),
      this.#config.snapshot().parsed,
    );
  }
}
