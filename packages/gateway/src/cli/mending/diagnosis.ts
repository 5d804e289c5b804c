/** The checks of `moltbot doctor`. Each looks at one thing and changes nothing. */

import { existsSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { isRecord, readConfig } from "../../base/config/config.ts";
import { lineOf } from "../../base/config/config-line.ts";
import { defined } from "../../base/defined.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import { configPath, readTextIfExists } from "../../base/files.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { accountsOfHealth } from "../channels/show.ts";
import type { Call } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { readLocalConfig, resolveTarget, type Target } from "../reach/target.ts";
import { bytes, duration } from "../terminal/render.ts";
import {
  checkAccount,
  checkBackup,
  checkMachine,
  checkModels,
  databaseOfHealth,
  nameFinding,
  nodeFinding,
} from "./gateway-findings.ts";
import { hookFindings } from "./hook-findings.ts";
import { isGuessable } from "./secret-strength.ts";

/** What one check found. */
export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  readonly subject: string;
  readonly says: string;
  /** What to do about it. */
  readonly fix?: string;
  /** It says that the gateway does not run. */
  readonly isDown?: true;
}

type Asker = Pick<Call, "flags" | "env">;

/** Runs every check, in the order in which one depends on another. */
export async function diagnose(call: Asker & Pick<Call, "out">): Promise<Finding[]> {
  const target = resolveTarget(call.flags, call.env);
  const findings = [checkNode(), checkStateDir(target.stateDir), ...(await checkConfig(target, call.env))];
  if (target.isLocal) findings.push(...checkSecret(target, call.env), ...(await checkPort(target)));
  findings.push(checkDisk(target.stateDir), ...(await checkGateway(call, target)), ...(await checkMendable(call)));
  const secrets = secretsOf(target, call.env);
  return findings.map(({ says, fix, ...rest }) => ({
    ...rest,
    says: secrets.guard(says),
    ...(fix !== undefined && { fix: secrets.guard(fix) }),
  }));
}

/** What must not stand in a finding: whoever asks for help shows them to others. */
function secretsOf({ stateDir, token, password }: Target, env: NodeJS.ProcessEnv): Secrets {
  const secrets = new Secrets();
  for (const secret of [token, password]) secrets.add(secret);
  secrets.learn(readLocalConfig(stateDir, env));
  return secrets;
}

function checkNode(): Finding {
  const { node } = process.versions;
  const isNew = Number(node.split(".")[0]) >= 24;
  if (isNew) return { level: "ok", subject: "node", says: `Node ${node}` };
  return {
    level: "fail",
    subject: "node",
    says: `Node ${node} is too old`,
    fix: "Install Node 24 or newer from https://nodejs.org",
  };
}

function checkStateDir(path: string): Finding {
  const subject = "state";
  try {
    const { mode, uid } = statSync(path);
    const isOurs = process.getuid === undefined || uid === process.getuid();
    if (!isOurs)
      return {
        level: "fail",
        subject,
        says: `${path} belongs to another user`,
        fix: `Make it yours: sudo chown -R "$USER" ${path}`,
      };
    if ((mode & 0o077) === 0 || process.platform === "win32") return { level: "ok", subject, says: `${path}, private` };
    return {
      level: "fail",
      subject,
      says: `Others on this machine can look into ${path}`,
      fix: `Close it: chmod 700 ${path}`,
    };
  } catch (error) {
    if (codeOf(error) === "ENOENT")
      return {
        level: "warn",
        subject,
        says: `${path} is not there yet`,
        fix: "Start once with `moltbot gateway`; it makes the folder",
      };
    return {
      level: "fail",
      subject,
      says: `${path} cannot be read (${codeOf(error) ?? messageOf(error)})`,
      fix: "Make it readable for this user",
    };
  }
}

async function checkConfig({ stateDir }: Target, env: NodeJS.ProcessEnv): Promise<Finding[]> {
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

function checkSecret({ stateDir, token, password }: Target, env: NodeJS.ProcessEnv): Finding[] {
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
    return existsSync(stateDir)
      ? [{ level: "fail", subject: "secret", says: `gateway.auth.${name} is not set`, fix }]
      : [];
  if (isGuessable(secret))
    return [{ level: "fail", subject: "secret", says: `The gateway ${name} is easy to guess`, fix }];
  if (secret.length < STRONG_CHARS && !isPassword)
    return [{ level: "warn", subject: "secret", says: `The gateway ${name} is short`, fix }];
  return [{ level: "ok", subject: "secret", says: `The gateway ${name} is strong` }];
}

async function checkPort({ url, stateDir }: Target): Promise<Finding[]> {
  const subject = "port";
  const { hostname, port } = new URL(url);
  if (readInstance(stateDir)) return [{ level: "ok", subject, says: `${port}, used by this gateway` }];
  const problem = await tryListen(Number(port), hostname);
  if (problem === undefined) return [{ level: "ok", subject, says: `${port} is free` }];
  const fix = "Stop the other program, or choose another port: `moltbot config set gateway.port 18790`";
  return [
    {
      level: "fail",
      subject,
      says: problem === "EADDRINUSE" ? `${port} is used by another program` : `${port} cannot be used (${problem})`,
      fix,
    },
  ];
}

function tryListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(codeOf(error) ?? messageOf(error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const LITTLE_SPACE = 1024 ** 3;
const NO_SPACE = 100 * 1024 ** 2;

function checkDisk(stateDir: string): Finding {
  const subject = "disk";
  let folder = stateDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const says = `${bytes(free)} free`;
  if (free >= LITTLE_SPACE) return { level: "ok", subject, says };
  return {
    level: free < NO_SPACE ? "fail" : "warn",
    subject,
    says: `Only ${says}`,
    fix: `Make room on the disk that holds ${join(folder, "")}`,
  };
}

async function checkGateway(call: Asker, target: Target): Promise<Finding[]> {
  const subject = "gateway";
  const startedAt = performance.now();
  try {
    return await withGateway(
      call,
      async ({ client, hello, timeoutMs }) => {
        const health = await client.request("health", {}, { timeoutMs });
        const says = `${target.url} answers in ${duration(performance.now() - startedAt)}, version ${hello.server.version}`;
        const database = databaseOfHealth(health.database);
        if (!health.database.ok) return [{ level: "ok", subject, says }, database];
        const { models } = await client.request("models.list", {}, { timeoutMs });
        const { problems } = await client.request("channels.names", {}, { timeoutMs });
        const hooks = await client.request("hooks.list", {}, { timeoutMs });
        const { pending } = await client.request("node.pair.list", {}, { timeoutMs });
        return [
          { level: "ok", subject, says },
          database,
          checkBackup(health.backup),
          ...checkMachine(health),
          checkModels(models),
          ...accountsOfHealth(health).map(checkAccount),
          ...problems.map(nameFinding),
          ...hookFindings(hooks),
          ...pending.map(nodeFinding),
        ];
      },
      { mode: "probe", target },
    );
  } catch (error) {
    const isDown = target.isLocal && readInstance(target.stateDir) === undefined;
    if (isDown)
      return [
        { level: "warn", subject, says: "Not running", fix: "Start it with `moltbot gateway`", isDown: true },
        ...(await checkDatabase(target.stateDir)),
        ...(await namesInFile(target, call.env)),
      ];
    return [{ level: "fail", subject, says: "Does not answer as it should", fix: messageOf(error) }];
  }
}

/** What `doctor --fix` would mend and no other check has named. */
async function checkMendable(call: Asker & Pick<Call, "out">): Promise<Finding[]> {
  const { findSteps } = await import("./steps.ts");
  const steps = (await findSteps(call, { readsDatabase: false })).filter(({ name }) => !NAMED_ELSEWHERE.has(name));
  return steps.map(({ name, before }) => ({
    level: "warn",
    subject: SUBJECTS[name] ?? "service",
    says: before,
    fix: "Mend it: `moltbot doctor --fix`; `moltbot doctor --fix --dry-run` shows how",
  }));
}

/** Steps whose reason another check tells. */
const NAMED_ELSEWHERE: ReadonlySet<string> = new Set(["config", "secret", "database"]);
const SUBJECTS: Readonly<Record<string, string>> = {
  modes: "state",
  "stale-instance": "state",
  "hooks-token": "hooks",
  "account-conflict": "channel",
  certificate: "tls",
  "dead-jobs": "job",
};

/** Looks at the database of a gateway that does not run. */
async function checkDatabase(stateDir: string): Promise<Finding[]> {
  const { lookAtDatabase } = await import("../database/look.ts");
  const { kind, says, fix } = lookAtDatabase(stateDir);
  if (kind === "none") return [];
  const level = kind === "damaged" ? "fail" : kind === "busy" ? "warn" : "ok";
  return [{ level, subject: "database", says, ...defined({ fix }) }];
}

/** What the gateway says of names in the settings, as far as the file alone tells it. */
async function namesInFile({ stateDir }: Target, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const path = configPath(stateDir, env);
  const raw = readTextIfExists(path);
  if (raw === undefined) return [];
  const { SECTIONS, namesInConfig } = await import("../sections.ts");
  const { issues, values } = readConfig(raw, SECTIONS, { path, env });
  return issues.length > 0 ? [] : namesInConfig(values).map(nameFinding);
}
