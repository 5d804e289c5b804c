/** What can be found on this machine without a gateway: its Node, the state folder, the port, the disk. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { codeOf, messageOf } from "../../base/errors.ts";
import { readInstance } from "../reach/instance.ts";
import type { Target } from "../reach/target.ts";
import { bytes } from "../terminal/render.ts";
import type { Finding } from "./finding.ts";

export function checkNode(): Finding {
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

export function checkStateDir(path: string): Finding {
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

export async function checkPort({ url, stateDir }: Target): Promise<Finding[]> {
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

export function checkDisk(stateDir: string): Finding {
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
