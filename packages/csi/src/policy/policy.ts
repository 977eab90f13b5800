import type { PodIdentity, StorePath } from "@niphas/core";

/** Decides who may mount what. A file for now; the cluster's objects later. */
export interface Policy {
  /**
   * Constant time or nearly: it is on the warm path.
   * @throws NiphasError PolicyDenied naming the policy, PolicyInvalid when the policy cannot be read (nothing is allowed then)
   */
  check(question: PolicyQuestion): PolicyVerdict;
}

export interface PolicyQuestion {
  readonly pod: PodIdentity;
  readonly roots: readonly StorePath[];
}

export interface PolicyVerdict {
  /** The rule that allowed it, for the audit record. */
  readonly rule: string;
  /** Whether a root without a signature is allowed when its content proves its name. */
  readonly allowContentAddressedRoots: boolean;
}

/** No policy file: any namespace, any path that a trusted key signed. */
export class DefaultPolicy implements Policy {
  check(): PolicyVerdict {
    return { rule: "default", allowContentAddressedRoots: false };
  }
}
