import { systemErrorCode, toNiphasError } from "@niphas/core";

const MAX_CAUSES = 8;
const MAX_CAUSE_LENGTH = 2000;

/** An error as log fields, for lines about work that nobody waits for. */
export function errorFields(cause: unknown): Readonly<Record<string, unknown>> {
  const error = toNiphasError(cause);
  return { code: error.code, kind: error.kind, reason: error.message, causes: causeChain(error) };
}

/** Name, code and message of an error's causes, outermost first; stacks only where nobody expected an error. */
export function causeChain(error: Error): readonly Readonly<Record<string, string>>[] {
  const chain: Readonly<Record<string, string>>[] = [];
  let current: unknown = error.cause;
  for (; current !== undefined && chain.length < MAX_CAUSES; current = causeOf(current)) chain.push(describe(current));
  return chain;
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
