import { isSystem, isVolumeId } from "@niphas/core";

/**
 * What of a request may be logged. A list of what is allowed, not of what is secret: a token that a later Kubernetes
 * puts somewhere new stays out by itself (CVE-2023-2878, CVE-2024-3744).
 */
const ALLOWED_CONTEXT_KEYS: ReadonlySet<string> = new Set([
  "storePath",
  "storePaths",
  "entrypoint",
  "view",
  "csi.storage.k8s.io/pod.name",
  "csi.storage.k8s.io/pod.namespace",
  "csi.storage.k8s.io/pod.uid",
  "csi.storage.k8s.io/serviceAccount.name",
  "csi.storage.k8s.io/ephemeral",
]);
const MAX_VALUE_LENGTH = 256;
const MAX_CONTEXT_KEYS = 20;

/** The loggable part of a CSI or registration request. Values are cut; control characters become `?`. */
export function describeRequest(request: unknown): Readonly<Record<string, unknown>> {
  if (typeof request !== "object" || request === null) return {};
  const description: Record<string, unknown> = {};
  if ("volume_id" in request && typeof request.volume_id === "string") {
    description["volumeId"] = isVolumeId(request.volume_id) ? request.volume_id : "(invalid)";
  }
  if ("target_path" in request && typeof request.target_path === "string") {
    description["targetPath"] = printable(request.target_path);
  }
  if ("readonly" in request && typeof request.readonly === "boolean") description["readonly"] = request.readonly;
  if ("volume_context" in request) description["volumeContext"] = describeContext(request.volume_context);
  return description;
}

function describeContext(context: unknown): Readonly<Record<string, string>> {
  if (typeof context !== "object" || context === null) return {};
  const shown: Record<string, string> = {};
  for (const [key, value] of Object.entries(context)) {
    if (Object.keys(shown).length >= MAX_CONTEXT_KEYS) break;
    if (typeof value === "string" && isAllowed(key)) shown[key] = printable(value);
  }
  return shown;
}

function isAllowed(key: string): boolean {
  if (ALLOWED_CONTEXT_KEYS.has(key)) return true;
  return isSystem(key.replace(/^storePaths?\./, ""));
}

function printable(text: string): string {
  return text.slice(0, MAX_VALUE_LENGTH).replace(/[^\x20-\x7e]/g, "?");
}
