/** Whether what the gateway sends is what its methods and events declare: clients in typed languages decode it strictly. */
import type { Method } from "../../packages/gateway/src/kit/method.ts";
import type { Schema } from "../../packages/gateway/src/kit/schema/validate.ts";
import type { Frame } from "./wire-client.ts";

/** Says what is wrong with an answer to a method, or with an event; undefined when nothing is. */
export type Judge = (
  frame: Frame,
  asked: { readonly method: string | undefined; readonly protocol: number },
) => string | undefined;

/** Loads the definitions, which a gateway of this process has loaded already. */
export async function declaredJudge(): Promise<Judge> {
  const [{ METHODS, EVENTS }, { validationText }] = await Promise.all([
    import("../../packages/gateway/src/definitions.ts"),
    import("../../packages/gateway/src/kit/schema/validate.ts"),
  ]);
  const events = new Map(EVENTS.map((event) => [event.name, event]));
  const problemOf = (what: string, schemas: readonly object[], payload: unknown) => {
    const problems = schemas.map((schema) => validationText(schema as Schema, payload));
    return problems.includes(undefined) ? undefined : `${what} is not as declared: ${problems[0]}`;
  };
  return (frame, { method, protocol }) => {
    if (frame.type === "event") {
      const declared = events.get(frame.event!);
      return declared && problemOf(`the event ${frame.event}`, [declared.payload], frame.payload);
    }
    const named: Method | undefined = method === undefined ? undefined : METHODS.get(method);
    if (!frame.ok || !named) return undefined;
    const { result, ack } = protocol === 3 ? (named.three ?? named) : named;
    return problemOf(`the answer to ${method}`, [result, ...(ack ? [ack] : [])], frame.payload);
  };
}
