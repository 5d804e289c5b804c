/** All methods of nodes. */
export {
  deviceInvite,
  nodeDescribe,
  nodeEvent,
  nodeInvite,
  nodeInvoke,
  nodeInvokeProgressed,
  nodeInvokeResult,
  nodeList,
  nodeRename,
  talkModeSet,
  voicewakeGet,
  voicewakeSet,
} from "./nodes.ts";
export {
  nodePairApprove,
  nodePairList,
  nodePairReject,
  nodePairRemove,
  nodePairRequest,
  nodePairVerify,
} from "./pairing.ts";
export {
  nodeInvokeCancelled,
  nodeInvokeInputSent,
  nodePendingAck,
  nodePendingDrain,
  nodePendingEnqueue,
  nodePendingPull,
  nodeQueueCancel,
  nodeQueueList,
} from "./waiting.ts";
