import { readFileSync, statSync } from "node:fs";
import { NiphasError, storePathName, toNiphasError } from "@niphas/core";
import type { Policy, PolicyQuestion, PolicyVerdict } from "./policy.ts";
import { matchesPattern, type PolicyRule, parsePolicyRules } from "./policy-rules.ts";

/**
 * A policy in a JSON file, read again when it changes. A file that is missing or wrong allows nothing: an outage is
 * seen and repaired, a hole is not.
 */
export class FilePolicy implements Policy {
  readonly #file: string;
  #loaded: { readonly stamp: string; readonly rules: readonly PolicyRule[] } | undefined;

  constructor(init: { readonly file: string }) {
    this.#file = init.file;
  }

  check(question: PolicyQuestion): PolicyVerdict {
    const rules = this.#rules();
    if (question.pod.namespace === "") {
      const advice = "the kubelet did not say which pod asks: set podInfoOnMount: true in the CSIDriver object";
      throw new NiphasError("PolicyDenied", `policy ${this.#file} cannot be applied: ${advice}`);
    }
    const rule = rules.find((each) => allows(each, question));
    if (rule === undefined) throw this.#denied(question);
    return { rule: rule.name, allowContentAddressedRoots: rule.contentAddressedRoots };
  }

  #denied({ pod, roots }: PolicyQuestion): NiphasError {
    const names = roots.map(storePathName).join(", ");
    const who = `namespace ${pod.namespace}, service account ${pod.serviceAccount || "(none)"}`;
    const denial = `policy ${this.#file}: no rule allows ${who} to mount ${names}`;
    return new NiphasError("PolicyDenied", `${denial}: whoever keeps the policy can add a rule`);
  }

  /** A ConfigMap is replaced by switching a link: size, inode and time of the file behind it all count. */
  #rules(): readonly PolicyRule[] {
    try {
      const { ino, mtimeMs, size } = statSync(this.#file);
      const stamp = `${ino} ${mtimeMs} ${size}`;
      if (this.#loaded?.stamp !== stamp) {
        this.#loaded = undefined;
        this.#loaded = { stamp, rules: parsePolicyRules(readFileSync(this.#file, "utf8")) };
      }
      return this.#loaded.rules;
    } catch (cause) {
      const error = toNiphasError(cause);
      const reason = error.code === "PolicyInvalid" ? error.message : "it cannot be read";
      const message = `policy ${this.#file} is invalid, so nothing is allowed: ${reason}`;
      throw new NiphasError("PolicyInvalid", message, { cause });
    }
  }
}

function allows(rule: PolicyRule, { pod, roots }: PolicyQuestion): boolean {
  return (
    matchesAny(rule.namespaces, pod.namespace) &&
    matchesAny(rule.serviceAccounts, pod.serviceAccount) &&
    roots.every((root) => matchesAny(rule.storePathNames, storePathName(root)))
  );
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, text));
}
