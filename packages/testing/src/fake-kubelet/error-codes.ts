import type { RpcCode } from "../csi/rpc-client.ts";

/**
 * Codes after which the kubelet takes the operation as still running in the
 * driver. Every other code is final. Source: kubernetes pkg/volume/csi/csi_client.go `isFinalError`.
 */
const NON_FINAL: readonly RpcCode[] = [
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
];

export function isFinalError(code: RpcCode): boolean {
  return code !== "OK" && !NON_FINAL.includes(code);
}
