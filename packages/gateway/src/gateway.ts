/** The composition root: opens the slices in the order of the catalog, on one stack that takes them down again. */
import { realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Bus } from "./base/bus.ts";
import { Config } from "./base/config/config.ts";
import { ensureConfig } from "./base/config/first-config.ts";
import { detailOf, ignore, onUnexpected, StartError, TellableError } from "./base/errors.ts";
import {
  configPath,
  databasePath,
  type Env,
  fileExists,
  makePrivateDir,
  readTextIfExists,
  tokenKeyPath,
} from "./base/files.ts";
import { createLog, type Log, LogFile, type Sink, ttySink } from "./base/log.ts";
import { useProxies } from "./base/net/proxy.ts";
import { concealer, type Place } from "./base/privacy/host-paths.ts";
import { isPlainValue } from "./base/privacy/plain-values.ts";
import { isSecretName, Secrets } from "./base/privacy/secrets.ts";
import { guardProcess } from "./base/process/blame.ts";
import { descriptorLimit, descriptors, openDescriptors } from "./base/process/descriptors.ts";
import { isDamage, Machine, storageProblem } from "./base/process/machine.ts";
import { thriftyMemory } from "./base/process/memory.ts";
import { openStore, type Store, StoreBusyError } from "./base/store/store.ts";
import { checkApart } from "./base/store/store-apart.ts";
import { waysOut } from "./base/store/store-trust.ts";
import { StoreUpkeep } from "./base/store/store-upkeep.ts";
import { StoreWatch } from "./base/store/store-watch.ts";
import { type Clock, guardedClock, systemClock } from "./base/time/clock.ts";
import { steadyClock } from "./base/time/steady-clock.ts";
import { VERSION } from "./base/version.ts";
import { COMMANDS, EVENTS, METHODS, SETTINGS, SLICES, TABLES, TOOLS } from "./catalog.ts";
import { CHANNELS } from "./channels/index.ts";
import type { Base } from "./kit/base.ts";
import { hostPorts } from "./kit/host.ts";
import { openSlices } from "./kit/lifecycle.ts";
import { learnSecrets } from "./kit/schema/config-secrets.ts";
import type { Schema } from "./kit/schema/validate.ts";
import type { SettingsDefinition } from "./kit/settings.ts";
import { type GatewayAuth, resolveAuth } from "./server/admission/authenticate.ts";
import { judgeBearer } from "./server/admission/bearer.ts";
import { helloOk, type Offer } from "./server/admission/hello.ts";
import { FailureLimiter } from "./server/admission/limiter.ts";
import { isLoopbackAddress } from "./server/admission/locality.ts";
import { startBroadcast } from "./server/broadcast.ts";
import { Dispatch } from "./server/dispatch.ts";
import { HttpFront } from "./server/listening/http.ts";
import { bindHost, GatewayServer } from "./server/listening/listen.ts";
import { Once } from "./server/once.ts";
import { settings as gatewaySettings } from "./server/settings.ts";

/** Values of flags; they stand above the config file. */
export interface StartOverrides {
  readonly port?: number;
  readonly bind?: string;
  readonly auth?: string;
  readonly token?: string;
  readonly password?: string;
  readonly tls?: boolean;
  readonly verbose?: boolean;
}

export interface StartOptions {
  readonly stateDir: string;
  readonly env: Env;
  readonly overrides?: StartOverrides;
  readonly clock?: Clock;
  /** The process is the gateway's own: what a channel's library lets escape ends that channel's account, not the process. */
  readonly ownsProcess?: boolean;
  /** Where log lines go beside the log file; standard output by default. */
  readonly sinks?: readonly Sink[];
}

/** A gateway that runs; disposing it is a clean stop. */
export interface RunningGateway extends AsyncDisposable {
  readonly port: number;
  /** For clients: ws:// or wss://. */
  readonly url: string;
  /** For people: opens WebChat signed in. The secret stands in the fragment, which browsers do not send. */
  readonly dashboardUrl: string;
  /** SHA-256 of the certificate when TLS is on. */
  readonly tlsFingerprint: string | undefined;
}

/** Between the open port and the rest of the start, ms. */
const SETTLE_MS = 25;
/** How long a start that failed may look whether its database is damaged, ms. */
const START_CHECK_MS = 60_000;
const RESTART_EXPECTED_MS = 1_500;
const RESTART_RETRY_MS = 5_000;

/**
 * Starts the gateway: opens its state, then its port. Throws `StartError` with a sentence for the person who started it
 * when a secret, the port, the state folder or the config makes that impossible. A change of settings that needs it
 * restarts everything in place.
 */
export async function startGateway(options: StartOptions): Promise<RunningGateway> {
  const { clock = systemClock } = options;
  const stop = new AbortController();
  let wanted: { reason: string; delayMs: number } | undefined;
  let restarting: Promise<void> | undefined;
  // One change may ask twice: the config because a section needs it, then the caller with its own delay. The last counts.
  const requestRestart = (reason: string, delayMs: number) => {
    wanted = { reason, delayMs };
    restarting ??= restart().finally(() => {
      restarting = undefined;
    });
  };
  let current = await boot(options, requestRestart);
  /** A port that the system chose stays, so that clients find their way back. */
  const again = () => {
    const { overrides = {} } = options;
    return boot(
      { ...options, overrides: overrides.port === 0 ? { ...overrides, port: current.port } : overrides },
      requestRestart,
    );
  };
  const restart = async () => {
    await nextTurn();
    const { reason, delayMs } = wanted!;
    await clock.sleep(delayMs, stop.signal);
    current.log.info("restarting for a change of settings", { reason });
    await current.stop("gateway restarting", RESTART_EXPECTED_MS);
    for (;;) {
      try {
        current = await again();
        return;
      } catch (error) {
        current.log.error("the restart failed; trying again", { error: detailOf(error) });
        await clock.sleep(RESTART_RETRY_MS, stop.signal);
      }
    }
  };
  return {
    get port() {
      return current.port;
    },
    get url() {
      return current.url;
    },
    get dashboardUrl() {
      return current.dashboardUrl;
    },
    get tlsFingerprint() {
      return current.tlsFingerprint;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new TellableError("the gateway stops"));
      await restarting?.catch((error) => ignore(error, "the stop has interrupted the restart"));
      await current.stop("gateway stopping", null);
    },
  };
}

/** Lines of the log that may wait for a slow reader of standard output; more are left out of it, not of the log file. */
const MAX_BEHIND_BYTES = 1_000_000;

function writeUnlessBehind(text: string): void {
  const { stdout } = process;
  if (stdout.writable && stdout.writableLength < MAX_BEHIND_BYTES) stdout.write(text);
}

interface Booted {
  readonly port: number;
  readonly url: string;
  readonly dashboardUrl: string;
  readonly tlsFingerprint: string | undefined;
  readonly log: Log;
  stop(reason: string, restartExpectedMs: number | null): Promise<void>;
}

async function boot(options: StartOptions, requestRestart: (reason: string, delayMs: number) => void): Promise<Booted> {
  const { stateDir, env, overrides = {}, clock: time = systemClock } = options;
  const stack = new AsyncDisposableStack();
  try {
    makePrivateDir(stateDir);
    const secrets = new Secrets();
    const logFile = stack.use(new LogFile(join(stateDir, "logs")));
    const sinks = options.sinks ?? [ttySink(writeUnlessBehind, process.stdout.isTTY)];
    const log = createLog({
      clock: time,
      level: overrides.verbose ? "debug" : "info",
      sinks: [...sinks, logFile.sink],
      secrets,
    });
    stack.use(
      onUnexpected((error, reference) =>
        log.warn("people were told of an error by its reference", { reference, error }),
      ),
    );
    if (options.ownsProcess) stack.use(guardProcess(log));
    const guarded = guardedClock(time, (error) => {
      if (!isDamage(error)) log.error(storageProblem(error) ?? "a timer's work threw", { error });
    });
    const clock = stack.use(
      steadyClock(guarded, {
        ...{ log, folder: stateDir },
        witnesses: ["state.db", "state.db-wal"].map((name) => join(stateDir, name)),
      }),
    );
    if (options.ownsProcess) stack.use(thriftyMemory({ clock, log }));
    const store = stack.use(openState(stateDir, log));
    const database = stack.use(new StoreWatch({ store, path: databasePath(stateDir), clock, log }));
    const machine = stack.use(new Machine({ clock, log, folder: stateDir }));
    const config = stack.use(openConfig(options, log, clock, requestRestart));
    const settings = config.of(gatewaySettings);
    refuseRemoteMode(settings.current.mode, settings.current.remote.url);
    const auth = resolveAuth(settings.current.auth, env, isLoopbackAddress(bindHost(settings.current)));
    if (auth.mode !== "none") secrets.add(auth.secret);
    learnAll(config, env, secrets);
    stack.use(useProxies(env, (sentence) => log.warn(sentence)));

    const limiter = new FailureLimiter(clock);
    const bus = new Bus();
    const guard = (text: string) => secrets.guard(text);
    const settled = (text: string, isOver?: boolean) => secrets.settled(text, isOver);
    const upkeep = stack.use(new StoreUpkeep({ store, clock, log }));
    const base: Base = {
      ...{ stateDir, version: VERSION, env, clock, log, bus, store, upkeep, database, config, machine, guard, settled },
      host: {
        ...hostPorts(),
        ...{ logFile: logFile.path, commands: COMMANDS, tools: TOOLS, channels: CHANNELS },
        redact: (text) => secrets.redact(text),
        requestRestart,
        closeConnections: (...which) => server.closeConnectionsOf(...which),
        authorize: (request) =>
          judgeBearer(request, { auth, limiter, trustedProxies: settings.current.trustedProxies }),
        httpEndpoints() {
          const { chatCompletions, responses } = settings.current.http.endpoints;
          return { chatCompletions: chatCompletions.enabled, responses: responses.enabled };
        },
      },
    };
    const services = await openSlices(SLICES, base, stack);
    const { devices, presence, subscribers } = base.host;
    const conceal = concealing(base);
    const explain = database.explain.bind(database);

    const server = new GatewayServer({
      clock,
      log,
      limiter,
      guard,
      conceal,
      devices: devices.now,
      settings: () => settings.current,
      auth: () => auth,
      dispatch: new Dispatch({ methods: METHODS, gateway: services.gateway, once: new Once(clock), log, explain }),
      explain,
      http: new HttpFront({
        routes: services.routes(),
        webDir: settings.current.controlUi.enabled ? findWebDir() : undefined,
      }),
      descriptors: descriptors({
        ...{ limit: descriptorLimit(), count: openDescriptors },
        monotonic: () => clock.monotonic(),
      }),
      certificate: settings.current.tls.enabled
        ? await (await import("./server/listening/tls.ts")).loadCertificate(settings.current.tls, stateDir, clock)
        : undefined,
      welcome(connection, granted) {
        const { caller } = granted.session;
        presence.now.connected(caller, connection.remoteIp);
        return helloOk(OFFER, presence.now.snapshot(caller.scopes), connection, granted);
      },
      disconnected: ({ id }) => presence.now.disconnected(id),
    });
    stack.use(
      startBroadcast({
        ...{ bus, events: EVENTS, connections: server.connections, guard, conceal },
        subscribers: (event, payload) => subscribers.now.of(event, payload),
        stateVersion: () => presence.now.stateVersion,
      }),
    );
    stack.defer(() => services.stop({ reason: "gateway stopping", restartExpectedMs: null }));
    services.resume();
    const { host, port } = await server.start();
    const tlsFingerprint = settings.current.tls.enabled ? server.fingerprint : undefined;
    const at = describeAddress(host, port, tlsFingerprint !== undefined, auth);
    stack.defer(() => server.closeConnections());
    // Serve waiting connections first; the rest of the start can wait. Saves 40 ms of the first hello-ok.
    await systemClock.sleep(SETTLE_MS);
    await server.listenOnAlias();
    stack.defer(() => rmSync(join(stateDir, "gateway.json"), { force: true }));
    writeInstance(stateDir, { pid: process.pid, port, url: at.url, startedAt: clock.now(), version: VERSION });
    config.watch();
    services.start();
    upkeep.start();
    log.info("gateway listens", { url: at.url, pid: process.pid, version: VERSION });
    return {
      port,
      ...at,
      tlsFingerprint,
      log,
      async stop(reason, restartExpectedMs) {
        server.stopAccepting();
        log.info("gateway stops", { reason });
        await services.stop({ reason, restartExpectedMs });
        await stack.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw await startErrorOf(error, stateDir);
  }
}

/** What a start that failed says. An error that nobody expected may come from a damaged database: then it is checked. */
async function startErrorOf(error: unknown, stateDir: string): Promise<unknown> {
  if (error instanceof TellableError) return error;
  if (isDamage(error) || (storageProblem(error) === undefined && (await isBroken(databasePath(stateDir)))))
    return new StartError(`${databasePath(stateDir)} is damaged. ${waysOut(databasePath(stateDir))}`, {
      cause: error,
      isLasting: true,
    });
  const problem = storageProblem(error);
  return problem ? new StartError(`The gateway cannot start on ${stateDir}: ${problem}.`, { cause: error }) : error;
}

async function isBroken(database: string): Promise<boolean> {
  if (!fileExists(database)) return false;
  const checking = checkApart(database, { clock: systemClock, signal: AbortSignal.timeout(START_CHECK_MS) });
  const finding = await checking.catch((error) => ignore(error, "the error itself is told"));
  return finding?.isWhole === false;
}

function openState(stateDir: string, log: Log): Store {
  try {
    return openStore(databasePath(stateDir), TABLES, { log, signsOfUse: [tokenKeyPath(stateDir)] });
  } catch (error) {
    if (!(error instanceof StoreBusyError)) throw error;
    const { pid, url } = readInstance(stateDir);
    const who = pid === undefined ? "Another process" : `A gateway (pid ${pid}${url ? `, ${url}` : ""})`;
    throw new StartError(
      `${who} already runs on ${stateDir}; use that one, stop it with \`moltbot gateway stop\`, or start another with --profile NAME.`,
      { cause: error },
    );
  }
}

function openConfig(
  options: StartOptions,
  log: Log,
  clock: Clock,
  requestRestart: (reason: string, delayMs: number) => void,
): Config {
  const { stateDir, env, overrides = {} } = options;
  const path = configPath(stateDir, env);
  const isNew = ensureConfig(path, {
    env,
    hasSecret: overrides.token !== undefined || overrides.password !== undefined || overrides.auth === "none",
  });
  if (isNew) log.info("first start: wrote a config file", { path });
  const config = Config.open({
    ...{ path, log, clock, env },
    sections: [gatewaySettings, ...SETTINGS],
    fallbackFolder: stateDir,
  });
  config.override("gateway", overridesOf(overrides, env));
  config.onRestartNeeded(() => requestRestart("config change", 0));
  return config;
}

/** Makes known what must not leave: the secrets of the config, those of later versions too, and those of the environment. */
function learnAll(config: Config, env: Env, secrets: Secrets): void {
  const sections = [gatewaySettings, ...SETTINGS];
  const schemas = new Map(sections.map((section) => [section.path, section.schema as Schema]));
  const learn = () => {
    const snapshot = config.snapshot();
    for (const values of [snapshot.config, snapshot.parsed]) learnSecrets(values, schemas, secrets);
  };
  learn();
  for (const section of sections) config.of(section as SettingsDefinition).onChange(learn);
  for (const slice of SLICES) for (const secret of slice.secretsIn(env)) secrets.add(secret);
  for (const { env: variables } of CHANNELS)
    for (const name of Object.keys(variables)) secrets.addNamed(name, env[name]);
  for (const [name, value = ""] of Object.entries(env)) {
    secrets.addFromAddresses(value);
    // PWD is a folder.
    if (isSecretName(name) && !isPlainValue(name, value)) secrets.add(value);
  }
}

/** Hides where things are on this machine; follows the config, which says where the workspaces are. */
function concealing({ config, stateDir, env, host }: Base): (text: string) => string {
  let revision = -1;
  let conceal = (text: string) => text;
  return (text) => {
    if (revision !== config.revision) {
      revision = config.revision;
      conceal = concealer([
        ...[config.path, stateDir].flatMap((path) => placesOf(path, "(state)")),
        ...host.folders.now.workspaces().flatMap((path) => placesOf(path, "(workspace)")),
        ...placesOf(join(import.meta.dirname, ".."), "(moltbot)"),
        ...placesOf(env.HOME ?? homedir(), "~"),
      ]);
    }
    return conceal(text);
  };
}

/** A folder as it is named, and as it is found. */
function placesOf(path: string, shown: string): Place[] {
  return [path, realPathOf(path)].map((each) => ({ path: each, shown }));
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    ignore(error, "what is not there yet has one name only");
    return path;
  }
}

/** Flags over environment; an environment's port stands above the file's (protocol: environment). */
function overridesOf({ port, bind, auth, token, password, tls }: StartOverrides, env: Env): Record<string, unknown> {
  const envPort = Number(env.MOLTBOT_GATEWAY_PORT ?? env.CLAWDBOT_GATEWAY_PORT ?? Number.NaN);
  const mode = auth ?? (token !== undefined ? "token" : password !== undefined ? "password" : undefined);
  return {
    port: port ?? (Number.isInteger(envPort) && envPort >= 0 && envPort <= 65535 ? envPort : undefined),
    bind,
    auth: { mode, token, password },
    tls: { enabled: tls },
  };
}

function refuseRemoteMode(mode: string, url: string | undefined): void {
  if (mode !== "remote") return;
  throw new StartError(
    `gateway.mode is remote: this machine uses the gateway at ${url ?? "gateway.remote.url"}. Set it to local to run one here.`,
  );
}

function describeAddress(
  host: string,
  port: number,
  isTls: boolean,
  auth: GatewayAuth,
): { url: string; dashboardUrl: string } {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const s = isTls ? "s" : "";
  const fragment = auth.mode === "none" ? "" : `#${auth.mode}=${encodeURIComponent(auth.secret)}`;
  return { url: `ws${s}://${name}:${port}`, dashboardUrl: `http${s}://${name}:${port}/${fragment}` };
}

interface Instance {
  readonly pid?: number;
  readonly url?: string;
}

function writeInstance(stateDir: string, instance: Record<string, unknown>): void {
  writeFileSync(join(stateDir, "gateway.json"), `${JSON.stringify(instance)}\n`, { mode: 0o600 });
}

function readInstance(stateDir: string): Instance {
  try {
    return JSON.parse(readTextIfExists(join(stateDir, "gateway.json")) ?? "{}") as Instance;
  } catch (error) {
    ignore(error, "the file is only there to name the process");
    return {};
  }
}

/** The built WebChat: beside the bundle, or in the source tree. */
function findWebDir(): string | undefined {
  const here = import.meta.dirname;
  return [join(here, "web"), join(here, "../web"), join(here, "../../web/dist")].find((folder) =>
    fileExists(join(folder, "index.html")),
  );
}

const LISTED_METHODS = [...METHODS.values()].filter((method) => method.listed).map((method) => method.name);
const LISTED_EVENTS = ["connect.challenge", ...EVENTS.map((event) => event.name)];
const OFFER: Offer = { version: VERSION, methods: LISTED_METHODS, events: LISTED_EVENTS };
