/** What the tests of usage and budgets share. */
import type { ModelServer } from "../fakes/model-server.ts";

/** The config of a gateway over a fake provider whose model has a price, a window, and budgets. */
export function pricedConfig(
  server: ModelServer,
  more: { price?: object; budgets?: object; defaults?: object; contextWindow?: number; model?: object } = {},
): string {
  const { price, budgets, defaults, contextWindow } = more;
  const model = {
    ...{ id: "fake-model", ...more.model },
    ...(price && { cost: price }),
    ...(contextWindow && { contextWindow }),
  };
  return JSON.stringify({
    agents: { defaults: { model: "fake/fake-model", ...defaults } },
    models: {
      detectLocal: false,
      providers: { fake: { baseUrl: server.baseUrl, apiKey: "fake-key-123456", models: [model] } },
    },
    ...(budgets && { budgets: { timeZone: "UTC", ...budgets } }),
  });
}
