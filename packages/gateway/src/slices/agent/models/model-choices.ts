/** The models as catalogues show them: what each can do, whether it can be asked now, and which one answers. */
import { defined } from "../../../base/defined.ts";
import type { ModelSelection } from "./model-selection.ts";
import type { KeyStatus } from "./providers/keyring.ts";
import type { Model } from "./providers/providers.ts";
import type { ModelChoice } from "./schema.ts";

/** For whom, and of whom. */
export interface ChoicesOf {
  /** Canonical; the model of this conversation is the default one. */
  readonly sessionKey: string;
  /** Only the models of one provider. */
  readonly provider?: string | undefined;
}

/** Who knows the models. */
interface KnownModels {
  readonly chosen: ModelSelection;
  list(): Promise<Model[]>;
  providers(): readonly { readonly provider: Model["provider"]; readonly keys: readonly KeyStatus[] }[];
}

const THINKING = ["off", "minimal", "low", "medium", "high", "xhigh"];

/** Every model that is known by name, in the order in which `models.list` shows them. */
export async function modelChoices(models: KnownModels, { sessionKey, provider }: ChoicesOf): Promise<ModelChoice[]> {
  const all = await models.list();
  const usual = models.chosen.modelNameOf(sessionKey);
  const ready = new Set(
    models
      .providers()
      .filter(({ keys }) => keys.length === 0 || keys.some(({ state }) => state === "ready"))
      .map((each) => each.provider.id),
  );
  return all
    .filter((model) => provider === undefined || model.provider.id === provider)
    .map((model) => ({
      ...{ id: model.id, name: model.name, provider: model.provider.id },
      ...defined({ contextWindow: model.contextWindow, reasoning: model.reasoning }),
      ...(model.input !== undefined && { input: [...model.input] }),
      local: isLocal(model),
      available: ready.has(model.provider.id),
      ...(model.ref === usual && { tags: ["default"] }),
      thinkingLevels: model.reasoning === false ? ["off"] : THINKING,
      thinkingDefault: models.chosen.thinkingOf(sessionKey) ?? "off",
    }));
}

function isLocal({ provider: { origin, baseUrl } }: Model): boolean {
  if (origin === "found") return true;
  return URL.canParse(baseUrl) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(baseUrl).hostname);
}
