import { NiphasError } from "@niphas/core";
import type { DiskSpace } from "../ports.ts";

/** How much must be free: a share of the file system (`0.2`) or a count of bytes or inodes. */
export type FreeTarget = { readonly ratio: number } | { readonly amount: number };

export interface GcTargets {
  readonly freeBytes: FreeTarget;
  readonly freeInodes: FreeTarget;
}

/** Above the kubelet's default eviction thresholds of 10 % and 15 %, so that we clean up before it evicts pods. */
export const DEFAULT_GC_TARGETS: GcTargets = { freeBytes: { ratio: 0.2 }, freeInodes: { ratio: 0.2 } };

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * Reads `20%`, `10Gi`, `500000`; units as Kubernetes writes quantities.
 * @throws NiphasError InvalidConfiguration
 */
export function parseFreeTarget(text: string): FreeTarget {
  const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return { ratio: Number(percent) / 100 };
  const [, digits, unit] = /^(\d{1,15})(k|M|G|T|Ki|Mi|Gi|Ti|)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  if (digits === undefined || factor === undefined) {
    throw new NiphasError("InvalidConfiguration", "not an amount to keep free: expected such as 20% or 10Gi");
  }
  return { amount: Number(digits) * factor };
}

export function targetsMet(space: DiskSpace, targets: GcTargets): boolean {
  return (
    isMet(targets.freeBytes, space.freeBytesRatio, space.freeBytes) &&
    isMet(targets.freeInodes, space.freeInodesRatio, space.freeInodes)
  );
}

function isMet(target: FreeTarget, ratio: number, amount: number): boolean {
  return "ratio" in target ? ratio >= target.ratio : amount >= target.amount;
}
