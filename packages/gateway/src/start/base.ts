/** Opens what every slice is built from: clock, database, config, secrets, and what only the process knows. */
import { join } from "node:path";
import { Bus } from "../base/bus.ts";
import { databasePath } from "../base/files.ts";
import { secretsEqual } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { isLoopbackAddress } from "../base/net/address.ts";
import { useProxies } from "../base/net/proxy.ts";
import { Secrets } from "../base/privacy/secrets.ts";
import { guardProcess } from "../base/process/error-owner.ts";
import { isDamage, Machine, storageProblem } from "../base/process/machine.ts";
import { limitMemory } from "../base/process/memory.ts";
import { StoreUpkeep } from "../base/store/store-upkeep.ts";
import { StoreWatch } from "../base/store/store-watch.ts";
import { guardedClock, systemClock } from "../base/time/clock.ts";
import { type SteadyClock, steadyClock } from "../base/time/steady-clock.ts";
import { VERSION } from "../base/version.ts";
import { CHANNELS } from "../channels/index.ts";
import { COMMANDS, TOOLS } from "../definitions.ts";
import type { Base } from "../kit/base.ts";
import { type Host, hostPorts, type TailscaleSettings } from "../kit/host.ts";
import { type GatewayAuth, resolveAuth } from "../server/admission/authenticate.ts";
import { judgeBearer, sourceOf } from "../server/admission/bearer.ts";
import { FailureLimiter } from "../server/admission/limiter.ts";
import { bindHost } from "../server/listening/own-addresses.ts";
import { type GatewaySettings, settings as gatewaySettings } from "../server/settings.ts";
import { openConfig, refuseRemoteMode } from "./config.ts";
import { learnAll } from "./learn-secrets.ts";
import { openLog } from "./log.ts";
import type { StartOptions } from "./options.ts";
import { openState } from "./state.ts";

/** The base, and what the server needs of the same opening. */
export interface OpenedBase {
  readonly base: Base;
  readonly auth: GatewayAuth;
  readonly limiter: FailureLimiter;
  readonly settings: { readonly current: GatewaySettings };
}

/** Opens the base; the stack closes all of it. Throws `StartError` when the state, the config or a secret forbids a start. */
export function openBase(
  options: StartOptions,
  late: Pick<
    Host,
    | "requestRestart"
    | "closeConnections"
    | "closeConnection"
    | "listen"
    | "listenAlso"
    | "listens"
    | "pageOrigins"
    | "allowOrigin"
  >,
  stack: AsyncDisposableStack,
): OpenedBase {
  const { stateDir, env } = options;
  const secrets = new Secrets();
  const { log, path: logFile } = openLog(options, secrets, stack);
  if (options.ownsProcess) stack.use(guardProcess(log));
  const clock = openClock(options, log, stack);
  if (options.ownsProcess) stack.use(limitMemory({ clock, log }));
  const store = stack.use(openState(stateDir, log));
  const database = stack.use(new StoreWatch({ store, path: databasePath(stateDir), clock, log }));
  const machine = stack.use(new Machine({ clock, log, folder: stateDir }));
  const config = stack.use(openConfig(options, { log, clock, requestRestart: late.requestRestart }));
  const settings = config.of(gatewaySettings);
  refuseRemoteMode(settings.current.mode, settings.current.remote.url);
  const auth = resolveAuth(settings.current.auth, env, isLoopbackAddress(bindHost(settings.current)));
  if (auth.mode !== "none") secrets.add(auth.secret);
  learnAll(config, env, secrets);
  stack.use(useProxies(env, (sentence) => log.warn(sentence)));

  const limiter = new FailureLimiter(clock);
  const upkeep = stack.use(new StoreUpkeep({ store, clock, log }));
  const base: Base = {
    ...{ stateDir, version: VERSION, env, clock, log, bus: new Bus(), store, upkeep, database, config, machine },
    guard: (text) => secrets.guard(text),
    settled: (text, isOver) => secrets.settled(text, isOver),
    host: {
      ...hostPorts(),
      ...late,
      ...{ logFile, commands: () => COMMANDS, tools: () => TOOLS, channels: CHANNELS },
      redact: (text) => secrets.redact(text),
      authorize: (request) => judgeBearer(request, { auth, limiter, trustedProxies: settings.current.trustedProxies }),
      sourceOf: (request) => sourceOf(request, settings.current.trustedProxies),
      isOwnSecret: (text) => auth.mode !== "none" && secretsEqual(text, auth.secret),
      httpEndpoints() {
        const { http, localPairing } = settings.current;
        const { chatCompletions, responses } = http.endpoints;
        const withoutDevice = localPairing !== "ask";
        return { chatCompletions: chatCompletions.enabled, responses: responses.enabled, withoutDevice };
      },
      tailscale() {
        const { mode, port, socket } = settings.current.tailscale as Pick<
          TailscaleSettings,
          "mode" | "port" | "socket"
        >;
        const here = late.pageOrigins().find(({ reach }) => reach === "here")?.origin;
        const allowsIdentity = settings.current.auth.allowTailscale;
        return { mode, port, socket, here, allowsIdentity, isOpen: auth.mode === "none" };
      },
      allowedOrigins: () => settings.current.controlUi.allowedOrigins,
      nodeCommands() {
        const { allowCommands, denyCommands, commands } = settings.current.nodes;
        return { allow: [...allowCommands, ...commands.allow], deny: [...denyCommands, ...commands.deny] };
      },
    },
  };
  return { base, auth, limiter, settings };
}

/** The clock of the gateway: one that was set forward is noticed, and work of a timer that throws is logged. */
function openClock(
  { stateDir, clock = systemClock }: StartOptions,
  log: Log,
  stack: AsyncDisposableStack,
): SteadyClock {
  const guarded = guardedClock(clock, (error) => {
    if (!isDamage(error)) log.error(storageProblem(error) ?? "a timer's work threw", { error });
  });
  const witnesses = ["state.db", "state.db-wal"].map((name) => join(stateDir, name));
  return stack.use(steadyClock(guarded, { log, folder: stateDir, witnesses }));
}
