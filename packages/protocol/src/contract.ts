// Generated. Do not edit.
export interface PresenceEntry {
  text: string;
  ts: number;
}
export interface HealthParams {
  probe?: boolean;
}
export interface HealthResult {
  ok: true;
  ts: number;
}
export interface AgentParams {
  message: string;
  sessionKey?: string;
  idempotencyKey: string;
}
export interface AgentAck {
  runId: string;
  status: "accepted";
  acceptedAt: number;
}
export interface AgentResult {
  runId: string;
  status: string;
  summary: string;
}
export interface TickEvent {
  ts: number;
}
export interface PresenceEvent {
  presence: PresenceEntry[];
}
export interface Methods {
  health: { params: HealthParams; result: HealthResult };
  agent: { params: AgentParams; ack: AgentAck; result: AgentResult };
}
export interface Events {
  tick: TickEvent;
  presence: PresenceEvent;
}
export const METHODS: Readonly<Record<keyof Methods, { access: string; once: boolean; twoStage: boolean }>> = {
  health: { access: "operator.read", once: false, twoStage: false },
  agent: { access: "operator.write", once: true, twoStage: true },
};
export const EVENTS: readonly (keyof Events)[] = ["tick", "presence"];
