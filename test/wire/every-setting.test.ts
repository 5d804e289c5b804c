// Every setting there is: a changed value comes into force as its section declares it, and the gateway says so truly.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isRecord } from "../../packages/gateway/src/base/config/config.ts";
import { SECTIONS } from "../../packages/gateway/src/cli/sections.ts";
import type { SettingsDefinition } from "../../packages/gateway/src/kit/settings.ts";
import { type Connected, testGateway } from "../support/gateway.ts";
import { type Sample, samplesOf } from "../support/setting-samples.ts";
import { within } from "../support/time-limit.ts";

const sections = SECTIONS as readonly SettingsDefinition[];
/** What every config of this file has: nothing of it looks for a service outside. */
const BASE: Readonly<Record<string, unknown>> = { models: { detectLocal: false } };
const gateway = await testGateway({ config: JSON.stringify(BASE) });
after(() => gateway[Symbol.asyncDispose]());
let admin: Connected = await gateway.connect({ scopes: ["operator.admin"] });
/** The sections as they were written last. */
let written = BASE;

/** Writes a config, and waits for the restart that it needs. Returns how it took effect, or why it was refused. */
async function apply(config: typeof BASE): Promise<string> {
  const { hash } = await admin.call("config.get", {});
  const seen = gateway.log.length;
  const raw = JSON.stringify(config);
  const { ok, payload, error } = await admin.request("config.apply", { raw, baseHash: hash, restartDelayMs: 0 });
  if (!ok) return `refused: ${error?.message}`;
  written = config;
  if (!payload.restart.needed) return "live";
  await within(admin.closed, "the gateway to restart");
  await gateway.logged("gateway listens", seen);
  admin = await gateway.connect({ scopes: ["operator.admin"] });
  return "restart";
}

/**
 * Writes a config into the file, as an editor does, because nobody may get in with it. Returns how it took effect, which was said
 * before, and goes back.
 */
async function tryOut(config: typeof BASE): Promise<string> {
  const { restarts } = await admin.call("config.check", { raw: JSON.stringify(config) });
  if (restarts.length === 0) return await apply(config);
  const seen = gateway.log.length;
  gateway.writeConfig(JSON.stringify(config));
  await within(admin.closed, "the gateway to restart");
  const { sentence, fields } = await gateway.logged(["gateway listens", "the restart failed; trying again"], seen);
  const again = gateway.log.length;
  gateway.writeConfig(JSON.stringify(BASE));
  written = BASE;
  await gateway.logged("gateway listens", again);
  admin = await gateway.connect({ scopes: ["operator.admin"] });
  return sentence === "gateway listens" ? "restart" : `does not come back: ${fields?.error}`;
}

/** How the section declares that this change takes effect. */
function declared({ path, reload, needsRestart, parse }: SettingsDefinition, { section }: Sample): string {
  const isRestart = needsRestart
    ? needsRestart(parse(written[path]).value, parse(section).value, () => undefined)
    : reload === "restart";
  return isRestart ? "restart" : "live";
}

/** Whether the values in force are those of the section; secrets are shown as markers. */
function isInForce(shown: unknown, value: unknown): boolean {
  if (typeof shown === "string" && /redacted/i.test(shown)) return value !== undefined;
  if (Array.isArray(value)) return Array.isArray(shown) && value.every((each, index) => isInForce(shown[index], each));
  if (!isRecord(value)) return shown === value;
  return isRecord(shown) && Object.entries(value).every(([name, each]) => isInForce(shown[name], each));
}

for (const definition of sections)
  test(`each setting of ${definition.path} comes into force as is declared: ${definition.reload}`, async () => {
    const { path } = definition;
    const odd: unknown[] = [];
    for (const sample of samplesOf(definition)) {
      const expected = declared(definition, sample);
      const found = await (path === "gateway" ? tryOut : apply)({ ...BASE, [path]: sample.section });
      const { config } = await admin.call("config.get", {});
      const isWhole = path === "gateway" || isInForce(config[path], sample.section);
      if (found !== expected || !isWhole)
        odd.push(JSON.stringify([sample.path, sample.section, found, path !== "gateway" && config[path]]));
    }
    await apply(BASE);

    assert.deepEqual(odd, []);
  });
