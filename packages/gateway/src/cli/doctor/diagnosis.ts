/** The checks of `moltbot doctor`. Each looks at one thing and changes nothing. */

import { defined } from "../../base/defined.ts";
import { messageOf } from "../../base/errors.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { accountsOfHealth } from "../channels/show.ts";
import type { Call } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { readLocalConfig, resolveTarget, type Target } from "../reach/target.ts";
import { duration } from "../terminal/render.ts";
import { checkConfig, checkSecret, namesInFile } from "./config-findings.ts";
import type { Finding } from "./finding.ts";
import {
  checkAccount,
  checkBackup,
  checkMachine,
  checkModels,
  databaseOfHealth,
  nameFinding,
  nodeFinding,
  sharedConversation,
} from "./gateway-findings.ts";
import { hookFindings } from "./hook-findings.ts";
import { checkDisk, checkNode, checkPort, checkStateDir } from "./local-findings.ts";

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

/** What a finding must not contain, because people who ask for help show findings to others. */
function secretsOf({ stateDir, token, password }: Target, env: NodeJS.ProcessEnv): Secrets {
  const secrets = new Secrets();
  for (const secret of [token, password]) secrets.add(secret);
  secrets.learn(readLocalConfig(stateDir, env));
  return secrets;
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
        const { approved } = await client.request("pairing.list", {}, { timeoutMs });
        const { config } = await client.request("config.get", {}, { timeoutMs });
        return [
          { level: "ok", subject, says },
          database,
          checkBackup(health.backup),
          ...checkMachine(health),
          checkModels(models),
          ...accountsOfHealth(health).map(checkAccount),
          ...problems.map(nameFinding),
          ...sharedConversation(approved, config),
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

/** What `doctor --fix` would fix and no other check has named. */
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
  const { checkDatabaseFile } = await import("../database/check.ts");
  const { kind, says, fix } = checkDatabaseFile(stateDir);
  if (kind === "none") return [];
  const level = kind === "damaged" ? "fail" : kind === "busy" ? "warn" : "ok";
  return [{ level, subject: "database", says, ...defined({ fix }) }];
}
