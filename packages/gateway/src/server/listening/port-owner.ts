/** Finds who listens on a port, for the error of a second gateway. Best effort. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { ignore } from "../../base/errors.ts";

/** The process that listens on a TCP port of this machine, when the system tells (Linux: /proc). */
export function findPortOwner(port: number): { readonly pid: number; readonly command: string } | undefined {
  const inodes = new Set([...listeningInodes("/proc/net/tcp", port), ...listeningInodes("/proc/net/tcp6", port)]);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (openSockets(pid).some((inode) => inodes.has(inode))) return { pid: Number(pid), command: commandOf(pid) };
  }
  return undefined;
}

/** What a person would call the process: the program's name, or ours. */
function commandOf(pid: string): string {
  const args = read(`/proc/${pid}/cmdline`).split("\0").filter(Boolean);
  const isOurs = args.includes("gateway") && args.some((arg) => /(?:^|\/)moltbot(?:\.mjs)?$/.test(arg));
  return isOurs ? "a moltbot gateway" : basename(args[0] ?? "another program");
}

/** Socket inodes in state LISTEN (0A) on the port (proc_pid_net(5)). */
function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return read(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === "0A")
    .map((fields) => fields[9] ?? "");
}

function openSockets(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(
      (fd) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? "",
    );
  } catch (error) {
    ignore(error, "another user's process, or one that has just ended");
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    ignore(error, "the descriptor was closed meanwhile");
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    ignore(error, "not Linux, or the process has ended");
    return "";
  }
}
