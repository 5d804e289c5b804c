/** Where commands run. */
import { GatewayError } from "../../../../base/errors.ts";

/** The setting of the host. */
export interface Host {
  readonly host: "gateway" | "sandbox" | "node";
  readonly node: string | null;
}

/** The error for commands that are to run elsewhere. */
export function hostProblem({ host, node }: Host): GatewayError | undefined {
  if (host === "gateway") return undefined;
  const what =
    host === "sandbox" ? "there is no sandbox here" : `the node ${node ?? "that is wanted"} is not connected`;
  return new GatewayError(
    "UNAVAILABLE",
    `commands are to run on the ${host}, but ${what}; set tools.exec.host to gateway`,
  );
}
