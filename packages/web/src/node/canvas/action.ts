// The line by which an agent is told what a person did on a surface (protocol: agent.request of canvas actions).

/** The facts of an action that the gateway is sent. */
export interface ActionFacts {
  readonly name: string;
  readonly surfaceId: string;
  readonly sourceComponentId: string;
  readonly context: unknown;
  readonly host: string;
  readonly instanceId: string;
}

export function canvasActionLine({
  name,
  surfaceId,
  sourceComponentId,
  context,
  host,
  instanceId,
}: ActionFacts): string {
  const facts = [
    ...[`action=${tag(name)}`, "session=main", `surface=${tag(surfaceId)}`, `component=${tag(sourceComponentId)}`],
    ...[`host=${tag(host)}`, `instance=${tag(instanceId)}`],
    ...(context === undefined ? [] : [`ctx=${JSON.stringify(context)}`]),
  ];
  return `CANVAS_A2UI ${facts.join(" ")} default=update_canvas`;
}

/** A value without spaces and signs, so that nobody writes another field into the line. */
function tag(value: string): string {
  return value.replace(/[^\w.:-]+/g, "_").slice(0, 128) || "-";
}
