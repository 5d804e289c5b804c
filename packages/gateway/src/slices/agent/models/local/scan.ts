/** Looks for model servers on this machine and finds out what each of their models can do. */

import { isRecord } from "../../../../base/config/config.ts";
import { defined } from "../../../../base/defined.ts";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Model } from "../providers/providers.ts";
import { callsTool, seesPicture, type TrialOptions, type TrialPorts } from "../providers/trial.ts";
import { type Endpoint, modelsIn, providerAt } from "./local-endpoints.ts";
import { askServer } from "./local-http.ts";
import { type Facts, readServerFacts, type Software } from "./server-facts.ts";

/** A server that was found. */
export interface ScannedServer extends Endpoint {
  readonly software: Software;
  readonly models: readonly ScannedModel[];
}

/** One of its models. `tried` says that what it can do was found out by asking it. */
export interface ScannedModel extends Facts {
  readonly id: string;
  readonly tried: boolean;
}

export interface ScanOptions {
  readonly signal: AbortSignal;
  /** Whether to try models that the server says nothing about; only a few, and only loaded ones. */
  readonly tryModels: boolean;
}

const FIND_MS = 1_000;
const TRY_MS = 30_000;
/** The most models that are tried, because a trial loads the machine. */
const MAX_TRIED = 3;

/** Looks at each place. Never throws but the signal's reason; ends within a few seconds when nothing is tried. */
export async function scan(
  endpoints: readonly Endpoint[],
  ports: TrialPorts,
  options: ScanOptions,
): Promise<ScannedServer[]> {
  const found = await Promise.all(endpoints.map((endpoint) => look(endpoint, ports.clock)));
  const servers: ScannedServer[] = [];
  let left = options.tryModels ? MAX_TRIED : 0;
  for (const server of found.filter((each) => each !== undefined)) {
    const models: ScannedModel[] = [];
    for (const model of server.models) {
      const isOpen = model.tools === undefined || model.input === undefined;
      const isCheap = model.isLoaded || server.models.length === 1;
      if (!isOpen || !isCheap || left-- <= 0) models.push(model);
      else models.push({ ...model, ...(await tried(server, model, ports, options.signal)), tried: true });
    }
    servers.push({ ...server, models });
  }
  return servers;
}

async function look(endpoint: Endpoint, clock: Clock): Promise<ScannedServer | undefined> {
  const limit = new AbortController();
  using _timer = clock.after(FIND_MS, () => limit.abort());
  try {
    const body = await askServer(`${endpoint.baseUrl}/models`, { signal: limit.signal });
    const ids = modelsIn(isRecord(body) ? body : undefined)?.map(({ id }) => id);
    if (ids === undefined) return undefined;
    const { software, models } = await readServerFacts(endpoint.baseUrl, ids, clock);
    return { ...endpoint, software, models: ids.map((id) => ({ id, ...models.get(id), tried: false })) };
  } catch (error) {
    ignore(error, "nothing that we know listens there, which is the usual case");
    return undefined;
  }
}

async function tried(server: Endpoint, facts: ScannedModel, ports: TrialPorts, signal: AbortSignal): Promise<Facts> {
  const model = modelAt(server, facts.id);
  const options = { limitMs: TRY_MS, signal };
  const tools = facts.tools ?? (await maybe(() => callsTool(ports, model, options), options));
  const sees = facts.input ? undefined : await maybe(() => seesPicture(ports, model, options), options);
  return {
    ...defined({ tools }),
    ...(sees !== undefined && { input: sees ? (["text", "image"] as const) : (["text"] as const) }),
  };
}

/** The result of a trial; unknown when it fails for another reason than the model's own. */
async function maybe(attempt: () => Promise<boolean>, { signal }: TrialOptions): Promise<boolean | undefined> {
  try {
    return await attempt();
  } catch (error) {
    signal.throwIfAborted();
    return (error as { kind?: unknown }).kind === "permanent" ? false : undefined;
  }
}

function modelAt(server: Endpoint, id: string): Model {
  return { id, name: id, ref: `${server.id}/${id}`, provider: providerAt(server, []) };
}
