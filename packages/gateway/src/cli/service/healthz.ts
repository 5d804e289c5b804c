/** Asks a gateway on this machine whether it answers. Nothing secret is sent, so its certificate does not matter. */

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** Whether `/healthz` at a gateway's address answers with `ok` in time. */
export function answersHealth(url: string, timeoutMs: number): Promise<boolean> {
  const address = new URL("/healthz", url.replace(/^ws/, "http"));
  const ask = address.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = ask(address, { rejectUnauthorized: false, agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode === 200));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
    request.once("close", () => resolve(false));
    request.end();
  });
}
