/** Connecting a hosted provider: its key is tried with one real question before it is saved. */
import { invalidRequest } from "../../../../base/errors.ts";
import type { ModelConfig } from "../model-config.ts";
import { ModelError } from "../model-error.ts";
import type { Model, Providers } from "./providers.ts";
import { type Trial, type TrialPorts, tryModel } from "./trial.ts";

/** What is to be connected. */
export interface KeyRequest {
  readonly provider: string;
  readonly key: string;
  /** The model to try; the provider's usual one by default. */
  readonly model?: string | undefined;
  /** The address and the wire format of a provider that is not known by name. */
  readonly baseUrl?: string | undefined;
  readonly api?: string | undefined;
  /** Keep it beside the existing keys. */
  readonly add?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What was saved, and how the model answered. */
export interface Connected {
  readonly model: Model;
  readonly trial: Trial;
}

export interface ConnectPorts extends TrialPorts {
  readonly providers: Providers;
  readonly config: ModelConfig;
}

/** Tries a key and saves it when the model has answered. Throws `INVALID_REQUEST` that says why it was not saved. */
export async function connect(ports: ConnectPorts, request: KeyRequest): Promise<Connected> {
  const { providers, config } = ports;
  requireSensible(request);
  const id = config.spelled(request.provider);
  const said = { ...(request.baseUrl && { baseUrl: request.baseUrl }), ...(request.api && { api: request.api }) };
  const provider = providers.candidate(id, { ...said, apiKey: request.key });
  const usual = config.chosen.primary;
  const named = request.model?.replace(new RegExp(`^${RegExp.escape(provider.id)}/`, "i"), "");
  const chosenHere = usual?.toLowerCase().startsWith(`${provider.id.toLowerCase()}/`) ? usual : undefined;
  const modelId = named ?? chosenHere?.slice(provider.id.length + 1) ?? provider.models[0]?.id;
  if (modelId === undefined)
    throw invalidRequest(`Which model of ${provider.label} shall be asked? Name one; the key was not saved.`);
  const model = providers.modelOf(provider, modelId);
  const trial = await tryKey(ports, model, request.signal);
  const isListed = provider.models.some((each) => each.id === model.id);
  const more = { ...said, ...(!isListed && provider.models.length === 0 && { models: [{ id: model.id }] }) };
  const hasKeys = providers.list().some((each) => each.id === provider.id && each.apiKey !== undefined);
  await config.saveKey(id, request.key, { beside: hasKeys && request.add === true, more });
  return { model: providers.resolve(model.ref), trial };
}

function requireSensible({ provider, key, baseUrl }: KeyRequest): void {
  if (!/^[a-z0-9][\w.-]*$/i.test(provider))
    throw invalidRequest("A provider's name is made of letters, digits and _ . -");
  if (!/^[\x21-\x7e]+$/.test(key))
    throw invalidRequest("This is not a key: it holds spaces or signs that no key has. It was not saved.");
  if (baseUrl !== undefined && !(URL.canParse(baseUrl) && /^https?:/.test(baseUrl)))
    throw invalidRequest("The address of a provider begins with http:// or https://; the key was not saved.");
}

async function tryKey(ports: TrialPorts, model: Model, signal: AbortSignal): Promise<Trial> {
  try {
    return await tryModel(ports, model, { signal });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const { label } = model.provider;
    if (error.kind === "logged-out")
      throw invalidRequest(`${label} rejected this key, so it was not saved. Check that it was copied whole.`);
    throw invalidRequest(`The key was not saved, for ${model.ref} did not answer with it. ${error.message}`);
  }
}
