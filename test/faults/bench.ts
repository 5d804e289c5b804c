/** A real gateway process on a disk that can be filled, over fake platforms and a fake model: for faults of the machine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FakePlatform } from "@moltbot/fakes";
import { Subject } from "../../packages/gateway/src/cli/drill/subject.ts";
import { configFor, link } from "../../packages/gateway/src/cli/drill/talk.ts";
import { type TightDisk, tightDisk } from "../../packages/gateway/src/cli/drill/tight-disk.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { PROGRAM } from "../support/program.ts";
import { WireClient } from "../support/wire-client.ts";

/** Room for a gateway and what a test says to it, bytes. */
export const DISK_BYTES = 24 * 1024 * 1024;

export interface BenchOptions {
  readonly platforms?: readonly FakePlatform[];
  readonly model?: ModelServer;
  /** Other sections of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many files the disk holds. */
  readonly inodes?: number;
  /** How many files and sockets the process may have open. */
  readonly descriptors?: number;
  /** Modules that the process loads first. */
  readonly preloads?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class FaultBench implements AsyncDisposable {
  readonly folder: string;
  readonly disk: TightDisk;
  readonly subject: Subject;
  readonly #platforms: readonly FakePlatform[];
  readonly #clients: WireClient[] = [];

  private constructor(folder: string, disk: TightDisk, subject: Subject, platforms: readonly FakePlatform[]) {
    this.folder = folder;
    this.disk = disk;
    this.subject = subject;
    this.#platforms = platforms;
  }

  /** Makes the disk and writes the config; `start` starts the gateway. */
  static prepare(options: BenchOptions = {}): FaultBench {
    const { platforms = [], model, config = {}, inodes, descriptors, preloads = [], env = {} } = options;
    const folder = mkdtempSync(join(tmpdir(), "moltbot-fault-"));
    const disk = tightDisk(join(folder, "disk"), { bytes: DISK_BYTES, ...(inodes !== undefined && { inodes }) });
    if (!disk) throw new Error("this machine has neither tmpfs for this user nor prlimit; run the test as root");
    const subject = new Subject({
      stateDir: join(disk.folder, "state"),
      program: PROGRAM,
      config: { ...configFor(platforms), ...(model && modelConfig(model)), ...config },
      env: { ...Object.assign({}, ...platforms.map((each) => each.env ?? {})), ...env },
      preloads: [...platforms.flatMap(({ preload }) => (preload === undefined ? [] : [preload])), ...preloads],
      ...(descriptors !== undefined && { descriptors }),
    });
    return new FaultBench(folder, disk, subject, platforms);
  }

  static async start(options: BenchOptions = {}): Promise<FaultBench> {
    const bench = FaultBench.prepare(options);
    try {
      await bench.start();
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the gateway, again after a kill, and links its channels. */
  async start(): Promise<void> {
    this.subject.launch();
    await this.subject.client();
    for (const platform of this.#platforms) await link(platform, this.subject);
  }

  /** An operator's connection. */
  async operator(): Promise<WireClient> {
    const { url, token } = await this.subject.address();
    const client = new WireClient(url, { token });
    this.#clients.push(client);
    await client.opened();
    await client.shakeHands({ scopes: ["operator.admin"] });
    return client;
  }

  fill(): void {
    this.disk.fill(this.subject.pid);
  }

  free(): void {
    this.disk.free(this.subject.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.subject.kill();
    this.disk[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function modelConfig({ baseUrl }: ModelServer) {
  return {
    agents: { defaults: { model: "fake/fake-model" } },
    models: {
      detectLocal: false,
      providers: { fake: { api: "openai-compatible", baseUrl, apiKey: "fake-key-123456" } },
    },
  };
}

/** Whether this user may mount a small file system here. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-fault-"));
  const disk = tightDisk(join(folder, "disk"), { bytes: 1024 * 1024, inodes: 10 });
  disk?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
  return disk !== undefined;
}
