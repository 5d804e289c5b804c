/** What can be found in the config file: whether it is valid and private, and whether its secret is strong. */
import { existsSync, statSync } from "node:fs";
import { isRecord, readConfig } from "../../base/config/config.ts";
import { lineOf } from "../../base/config/config-line.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import { configPath, readTextIfExists } from "../../base/files.ts";
import { readLocalConfig, type Target } from "../reach/target.ts";
import type { Finding } from "./finding.ts";
import { nameFinding } from "./gateway-findings.ts";
import { isGuessable } from "./secret-strength.ts";

export async function checkConfig({ stateDir }: Target, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const subject = "config";
  const path = configPath(stateDir, env);
  try {
    const raw = readTextIfExists(path);
    if (raw === undefined)
      return [
        {
          level: "warn",
          subject,
          says: `${path} is not there yet`,
          fix: "Start once with `moltbot gateway`; it writes one",
        },
      ];
    const { issues, warnings, values } = readConfig(raw, (await import("../sections.ts")).SECTIONS, { path, env });
    const at = (line: number | undefined) => (line === undefined ? path : `${path} line ${line}`);
    const findings: Finding[] = [
      ...issues.map(
        ({ path: key, message, line }) =>
          ({
            level: "fail",
            subject,
            says: `${key} ${message}`.trim(),
            fix: `Mend ${at(line)}, or go back with \`moltbot config undo\``,
          }) as const,
      ),
      ...warnings.map(
        ({ path: key, message, line }) =>
          ({ level: "warn", subject, says: `${key} ${message}`.trim(), fix: `Look at ${at(line)}` }) as const,
      ),
    ];
    if (issues.length === 0) findings.push(...checkBindings(values, raw, path));
    if (findings.length === 0) findings.push({ level: "ok", subject, says: `${path} is valid` });
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
      findings.push({
        level: "fail",
        subject,
        says: `Others on this machine can read the secrets in ${path}`,
        fix: `Close it: chmod 600 ${path}`,
      });
    }
    return findings;
  } catch (error) {
    return [
      {
        level: "fail",
        subject,
        says: `${path} cannot be read (${codeOf(error) ?? messageOf(error)})`,
        fix: "Make it readable for this user",
      },
    ];
  }
}

/** Bindings to agents that do not exist. */
function checkBindings(values: ReadonlyMap<string, unknown>, raw: string, path: string): Finding[] {
  const { list = [] } = (values.get("agents") ?? {}) as { list?: readonly { id: string }[] };
  const ids = list.length === 0 ? ["main"] : list.map(({ id }) => id.toLowerCase());
  return ((values.get("bindings") ?? []) as readonly { agentId: string }[]).flatMap(({ agentId }, index) => {
    if (ids.includes(agentId.toLowerCase())) return [];
    const says = `bindings.${index} names the agent ${JSON.stringify(agentId)}, which does not exist; the default agent answers`;
    const fix = `Look at ${path} line ${lineOf(`bindings.${index}`, raw) ?? 1}, or add it: moltbot agents add ${agentId}`;
    return [{ level: "warn", subject: "config", says, fix } as const];
  });
}

/** The least length a secret should have: 32 characters of base64 are 192 bits. */
const STRONG_CHARS = 32;

export function checkSecret({ stateDir, token, password }: Target, env: NodeJS.ProcessEnv): Finding[] {
  const { gateway } = readLocalConfig(stateDir, env);
  const auth = isRecord(gateway) && isRecord(gateway.auth) ? gateway.auth : {};
  if (auth.mode === "none") {
    return [
      {
        level: "warn",
        subject: "secret",
        says: "Every program on this machine may use the gateway",
        fix: "Ask for a token: `moltbot config set gateway.auth.mode token`",
      },
    ];
  }
  const isPassword = auth.mode === "password" || (auth.mode === undefined && password !== undefined);
  const name = isPassword ? "password" : "token";
  const secret = isPassword ? password : token;
  const fix = "Put a long random one into gateway.auth, e.g. from `openssl rand -hex 32`";
  if (secret === undefined)
    // The first start makes a secret together with the file.
    return existsSync(configPath(stateDir, env))
      ? [{ level: "fail", subject: "secret", says: `gateway.auth.${name} is not set`, fix }]
      : [];
  if (isGuessable(secret))
    return [{ level: "fail", subject: "secret", says: `The gateway ${name} is easy to guess`, fix }];
  if (secret.length < STRONG_CHARS && !isPassword)
    return [{ level: "warn", subject: "secret", says: `The gateway ${name} is short`, fix }];
  return [{ level: "ok", subject: "secret", says: `The gateway ${name} is strong` }];
}

/** What the gateway says of names in the settings, as far as the file alone tells it. */
export async function namesInFile({ stateDir }: Target, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const path = configPath(stateDir, env);
  const raw = readTextIfExists(path);
  if (raw === undefined) return [];
  const { SECTIONS, namesInConfig } = await import("../sections.ts");
  const { issues, values } = readConfig(raw, SECTIONS, { path, env });
  return issues.length > 0 ? [] : namesInConfig(values).map(nameFinding);
}
