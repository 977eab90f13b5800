/** What went wrong, in the nine words that every edge understands. */
export type ErrorKind =
  | "invalid"
  | "denied"
  | "notFound"
  | "conflict"
  | "busy"
  | "exhausted"
  | "unavailable"
  | "corrupt"
  | "internal";

export interface ErrorMapping {
  /** gRPC status code, https://grpc.io/docs/guides/status-codes/ */
  readonly grpc: number;
  readonly http: number;
  /** Exit code of the command line when the error is its own. */
  readonly exit: number;
}

/** The one table that maps kinds to what each edge speaks. */
export const ERROR_MAPPING: Readonly<Record<ErrorKind, ErrorMapping>> = {
  invalid: { grpc: 3, http: 400, exit: 2 },
  denied: { grpc: 7, http: 403, exit: 3 },
  notFound: { grpc: 5, http: 404, exit: 4 },
  conflict: { grpc: 6, http: 409, exit: 5 },
  busy: { grpc: 10, http: 409, exit: 6 },
  exhausted: { grpc: 8, http: 507, exit: 7 },
  unavailable: { grpc: 14, http: 503, exit: 8 },
  corrupt: { grpc: 15, http: 502, exit: 9 },
  internal: { grpc: 13, http: 500, exit: 1 },
};

/**
 * Every stable code, with the kind it belongs to. A code is a contract: it
 * appears in metrics, logs and `--json`, and never changes its meaning.
 */
export const ERROR_CODES = {
  InvalidRequest: "invalid",
  InvalidStorePath: "invalid",
  InvalidAttribute: "invalid",
  InvalidConfiguration: "invalid",
  ReadOnlyRequired: "invalid",
  WrongSystem: "invalid",
  UnsupportedAttribute: "invalid",
  ProgramNotExecutable: "invalid",
  ApiRefused: "invalid",
  PolicyDenied: "denied",
  PolicyInvalid: "denied",
  UntrustedPath: "denied",
  ApiDenied: "denied",
  PathNotFound: "notFound",
  ProgramNotFound: "notFound",
  ApiNotFound: "notFound",
  VolumeConflict: "conflict",
  StateInUse: "conflict",
  VolumesInUse: "conflict",
  ApiConflict: "conflict",
  VolumeBusy: "busy",
  DiskFull: "exhausted",
  InodesExhausted: "exhausted",
  StillFetching: "unavailable",
  SubstituterUnavailable: "unavailable",
  StoreUnavailable: "unavailable",
  ClosureCollected: "unavailable",
  PathDistrusted: "unavailable",
  ShuttingDown: "unavailable",
  ViewUnavailable: "unavailable",
  NodesNotCleaned: "unavailable",
  ApiExpired: "unavailable",
  ApiUnavailable: "unavailable",
  Cancelled: "unavailable",
  BadBytes: "corrupt",
  CommandFailed: "internal",
  MountFailed: "internal",
  Internal: "internal",
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * The one error of the project. `message` is a sentence for the person who can
 * act on it and never holds secrets; `cause` is for the log only and never
 * crosses to a pod, peer or tenant.
 */
export class NiphasError extends Error {
  override readonly name = "NiphasError";
  readonly code: ErrorCode;
  readonly kind: ErrorKind;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.kind = ERROR_CODES[code];
  }
}

/** True for our own error, also when two copies of this package are loaded. */
export function isNiphasError(value: unknown): value is NiphasError {
  if (!(value instanceof Error) || value.name !== "NiphasError") return false;
  return "code" in value && typeof value.code === "string" && Object.hasOwn(ERROR_CODES, value.code);
}

/** Our own errors as they are; anything else is a bug or a system error that nobody has named yet. */
export function toNiphasError(value: unknown): NiphasError {
  if (isNiphasError(value)) return value;
  const systemCode = systemErrorCode(value);
  if (systemCode === "ENOSPC" || systemCode === "EDQUOT") {
    return new NiphasError("DiskFull", "the node's disk is full: make room or give it a larger disk", { cause: value });
  }
  if (systemCode === "EROFS") {
    return new NiphasError("StoreUnavailable", "the node's state directory is read-only", { cause: value });
  }
  if (value instanceof Error && value.name === "AbortError") {
    return new NiphasError("Cancelled", "the work was cancelled", { cause: value });
  }
  if (value instanceof Error && value.name === "TimeoutError") {
    return new NiphasError("Cancelled", "the work ran out of time", { cause: value });
  }
  return new NiphasError("Internal", "internal error; the node plugin's log has the details", { cause: value });
}

/** The `code` of a Node.js system error such as ENOENT, if `value` is one. */
export function systemErrorCode(value: unknown): string | undefined {
  if (value instanceof Error && "code" in value && typeof value.code === "string") return value.code;
  return undefined;
}
