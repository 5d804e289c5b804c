// The public names of @moltbot/protocol.

export {
  type ClientOptions,
  type ClientState,
  GatewayClient,
  isAuthRefusal,
  isPairingRequired,
  type RequestArguments,
  type Subscription,
} from "./client.ts";
export type { Gap, WebSocketLike } from "./connection.ts";
export * from "./contract.ts";
export {
  canSign,
  type DeviceIdentity,
  deviceIdentity,
  indexedDbKeys,
  type KeyStorage,
  memoryTokens,
  openDeviceIdentity,
  type SignatureVersion,
  type SignedFields,
  signedText,
  type TokenStorage,
  webTokens,
} from "./device.ts";
export {
  ConnectionClosed,
  ERROR_CODES,
  type ErrorCode,
  type ErrorShape,
  RequestTimeout,
  ResponseError,
} from "./errors.ts";
export {
  type Challenge,
  type ClientInfo,
  type ConnectParams,
  type DeviceProof,
  type EventFrame,
  type Frame,
  type HelloOk,
  isRecord,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
  parseFrame,
  type RequestFrame,
  type ResponseFrame,
  type Role,
  type StateVersion,
} from "./frames.ts";
export { DEFAULT_TIMEOUT_MS, type RequestOptions } from "./pending.ts";
