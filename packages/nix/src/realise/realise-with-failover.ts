import { isNiphasError, type StorePath } from "@niphas/core";
import type { NixRunner } from "../process/nix-runner.ts";
import { type RealiseOptions, realiseOnce } from "./realise-once.ts";
import { redactUrls } from "./redact.ts";

/** Failures that another substituter may not have. */
const CACHE_FAILURES: readonly string[] = ["SubstituterUnavailable", "BadBytes"];

/**
 * Realises, and again without the substituters that failed as long as others
 * are left: Nix 2.8 ends when one answers 5xx or nonsense to a narinfo, whatever
 * its other substituters hold. The first failure is the one that is reported,
 * because a cache that was down may hold what the others do not.
 */
export async function realiseWithFailover(
  nix: NixRunner,
  roots: readonly StorePath[],
  options: Omit<RealiseOptions, "substituters">,
): Promise<void> {
  let substituters = nix.settings.substituters;
  let firstFailure: unknown;
  for (;;) {
    try {
      return await realiseOnce(nix, roots, { ...options, substituters });
    } catch (error) {
      if (!isNiphasError(error) || error.code === "Cancelled") throw error;
      firstFailure ??= error;
      const healthy = CACHE_FAILURES.includes(error.code) ? withoutFailed(substituters, error.cause) : [];
      if (healthy.length === 0 || healthy.length === substituters.length) throw firstFailure;
      substituters = healthy;
    }
  }
}

/** Nix names the substituter in each complaint; messages are redacted, so the names are too. */
function withoutFailed(substituters: readonly string[], messages: unknown): readonly string[] {
  const texts = Array.isArray(messages) ? messages.map(String) : [];
  return substituters.filter((url) => {
    const name = redactUrls(url);
    return !texts.some((text) => text.includes(`${name}/`) || text.includes(`${name}'`));
  });
}
