/** Tells the guard of secrets which values must not leave the process. */
import type { Config } from "../base/config/config-file.ts";
import type { Env } from "../base/files.ts";
import { isPlainValue } from "../base/privacy/plain-values.ts";
import { isSecretName } from "../base/privacy/secret-names.ts";
import type { Secrets } from "../base/privacy/secrets.ts";
import { SLICES } from "../catalog.ts";
import { CHANNELS } from "../channels/index.ts";
import { learnSecrets } from "../kit/schema/config-secrets.ts";
import type { Schema } from "../kit/schema/validate.ts";
import type { SettingsDefinition } from "../kit/settings.ts";
import { SECTIONS } from "./config.ts";

/** Learns the secrets of the config, those of later versions too, and those of the environment. */
export function learnAll(config: Config, env: Env, secrets: Secrets): void {
  const schemas = new Map(SECTIONS.map((section) => [section.path, section.schema as Schema]));
  const learn = () => {
    const { config: inForce, parsed } = config.held;
    for (const values of [inForce, parsed]) learnSecrets(values, schemas, secrets);
  };
  learn();
  for (const section of SECTIONS) config.of(section as SettingsDefinition).onChange(learn);
  for (const slice of SLICES) for (const secret of slice.secretsIn(env)) secrets.add(secret);
  for (const { env: variables } of CHANNELS)
    for (const name of Object.keys(variables)) secrets.addNamed(name, env[name]);
  for (const [name, value = ""] of Object.entries(env)) {
    secrets.addFromAddresses(value);
    // PWD is a folder.
    if (isSecretName(name) && !isPlainValue(name, value)) secrets.add(value);
  }
}
