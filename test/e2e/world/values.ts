import type { ClosureSource } from "../closures/closure-source.ts";
import type { HelmValues } from "./helm-release.ts";
import { type BuiltImage, splitReference } from "./images.ts";
import type { UpstreamCache } from "./upstream-cache.ts";

/** The only service account whose pods may mount closures. */
export const POLICY_SERVICE_ACCOUNT = "default";

/** The chart's values for a cluster without registry and internet: the images of this build, the cache of this run. */
export function baseValues(cache: UpstreamCache, closures: ClosureSource): HelmValues {
  return {
    upstreams: [cache.url],
    trustedPublicKeys: [closures.publicKey],
    defaultKey: false,
    policy: { version: 1, rules: [{ name: "e2e", serviceAccounts: [POLICY_SERVICE_ACCOUNT] }] },
  };
}

/** Values that name these images by tag. */
export function imageValues(images: readonly BuiltImage[]): HelmValues {
  const entries = images.map(({ name, reference }) => {
    const [repository, tag] = splitReference(reference);
    return [name, { repository, tag, pullPolicy: "IfNotPresent" }] as const;
  });
  return { images: Object.fromEntries(entries) };
}
