/** What a service is: a gateway or a node that a supervisor of the system keeps running. One interface for all supervisors. */

/** What runs as a service. */
export type ServiceKind = "gateway" | "node";

/** What is installed. It holds no secret: units and task files can be read by others on the machine. */
export interface ServicePlan {
  readonly kind: ServiceKind;
  readonly profile: string | undefined;
  /** The program and its arguments, all paths absolute. */
  readonly command: readonly string[];
  /** Ends with 0 when the service answers; absent for services that have no answer. */
  readonly readyCommand?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Where a supervisor without a log of its own writes what the service prints. */
  readonly logFile: string;
  /** The account that a service of the whole system runs as. */
  readonly user?: string | undefined;
  /** Whether the supervisor must hear from the running service, and restarts it when it does not. */
  readonly watchdog?: boolean | undefined;
  /** Addresses with their port on which the supervisor listens, so that a restart turns nobody away. */
  readonly sockets?: readonly string[] | undefined;
}

/** How a service is doing. */
export interface ServiceState {
  readonly supervisor: string;
  readonly name: string;
  /** The file that describes it; undefined when it is not installed. */
  readonly file: string | undefined;
  readonly isRunning: boolean;
  readonly startsByItself: boolean;
  readonly pid?: number | undefined;
  /** What the supervisor says, in its own words. */
  readonly detail?: string | undefined;
  /** The program that the file names, for seeing whether it is still there. */
  readonly program?: readonly string[] | undefined;
  /** What keeps it from running for years, each with what to do. */
  readonly problems: readonly string[];
}

/** A service of another name that runs a gateway: an older installation, or one of another brand. */
export interface OtherService {
  readonly supervisor: string;
  readonly name: string;
  readonly file: string;
}

/** The supervisor of a system. Each method throws `CliError` with what to do when the system refuses. */
export interface Supervisor {
  readonly label: string;
  /** Writes the service's file, starts it, and waits until the supervisor calls it started; returns notes for the person. */
  install(plan: ServicePlan): Promise<readonly string[]>;
  /** Stops the service and removes its file; false when there was none. */
  uninstall(): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  state(): Promise<ServiceState>;
  /** Whether services of the user outlive the login; absent where that is not asked for. */
  readonly lingering?: Lingering | undefined;
  /** Services of other names that run a gateway. */
  others(): Promise<readonly OtherService[]>;
  /** Stops and removes one of `others`; its file is kept beside it under another name. */
  removeOther(other: OtherService): Promise<void>;
}

/** Whether services of a user run without a login. */
export interface Lingering {
  readonly userName: string;
  isOn(): Promise<boolean>;
  set(isOn: boolean): Promise<void>;
}

/** The name of a service: `moltbot-gateway`, or `moltbot-gateway-work` of a profile. */
export function serviceName(kind: ServiceKind, profile: string | undefined): string {
  return `moltbot-${kind}${profile === undefined || profile === "default" ? "" : `-${profile}`}`;
}

/** What people read beside the name. */
export function serviceDescription({ kind, profile }: Pick<ServicePlan, "kind" | "profile">): string {
  return `moltbot ${kind}${profile === undefined || profile === "default" ? "" : ` (${profile})`}`;
}
