import type { SkippableTest } from "@niphas/testing";

/** Whether this run is the one for what does not depend on the version of Nix: the one on the host's own system. */
export const isOneNix = process.env["NIPHAS_IN_FORKY"] !== "1";

/** For `beforeEach`; `beforeAll` asks {@link isOneNix}. */
export function needsOneNix(test: SkippableTest): void {
  if (!isOneNix) test.skip("it is the same with each Nix, and runs outside of the forky root");
}
