import { isSystem, isVolumeId, systemErrorCode, toNiphasError } from "@niphas/core";

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
const MAX_CAUSES = 8;
const MAX_CAUSE_LENGTH = 2000;

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

/** An error as log fields, for lines about work that no call waits for. */
export function errorFields(cause: unknown): Readonly<Record<string, unknown>> {
  const error = toNiphasError(cause);
  return { code: error.code, kind: error.kind, reason: error.message, causes: causeChain(error) };
}

/** Name, code and message of an error and all its causes, outermost first; stacks only where nobody expected an error. */
export function causeChain(error: Error): readonly Readonly<Record<string, string>>[] {
  const chain: Readonly<Record<string, string>>[] = [];
  let current: unknown = error.cause;
  for (; current !== undefined && chain.length < MAX_CAUSES; current = causeOf(current)) chain.push(describe(current));
  return chain;
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

function describe(cause: unknown): Readonly<Record<string, string>> {
  // Nix's own output comes as its last lines.
  if (Array.isArray(cause)) return { message: cause.join("\n").slice(-MAX_CAUSE_LENGTH) };
  if (!(cause instanceof Error)) return { message: "(not an error)" };
  const code = systemErrorCode(cause);
  const isExpected = cause.name === "NiphasError" || code !== undefined;
  return {
    name: cause.name,
    message: cause.message.slice(0, MAX_CAUSE_LENGTH),
    ...(code === undefined ? {} : { code }),
    ...(isExpected ? {} : { stack: (cause.stack ?? "").slice(0, MAX_CAUSE_LENGTH) }),
  };
}

/** An AggregateError is followed into its first part. */
function causeOf(value: unknown): unknown {
  if (value instanceof AggregateError) return value.errors[0];
  return value instanceof Error ? value.cause : undefined;
}

function printable(text: string): string {
  return text.slice(0, MAX_VALUE_LENGTH).replace(/[^\x20-\x7e]/g, "?");
}
