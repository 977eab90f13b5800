import type { Cluster } from "../cluster.ts";
import { runCase, type SelfTestResult, skippedCase } from "./case-runner.ts";
import { lifecycleCases, removeLifecycleClusters } from "./lifecycle-cases.ts";
import { nodeCases } from "./node-cases.ts";
import { securityCases } from "./security-cases.ts";
import { TestBed } from "./test-bed.ts";
import { trafficCases } from "./traffic-cases.ts";

/** One property of a working cluster. */
export interface SelfTestCase {
  /** A sentence. */
  readonly name: string;
  /** What the cluster must have; with fewer nodes the case is skipped. */
  readonly minNodes: number;
  /** Throws when the property does not hold. */
  readonly run: (bed: TestBed) => Promise<void>;
}

export interface SelfTestInit {
  readonly signal: AbortSignal;
  readonly onResult?: (result: SelfTestResult) => void;
}

/** Node cases come last: they restart things. */
const CASES: readonly SelfTestCase[] = [...trafficCases, ...securityCases, ...nodeCases];

/** Checks a cluster that is up, in a namespace of its own that is gone afterwards. */
export async function selfTest(cluster: Cluster, init: SelfTestInit): Promise<readonly SelfTestResult[]> {
  await using bed = await TestBed.create(cluster, init.signal);
  const count = cluster.nodes.length;
  return await runCases(init, CASES, ({ name, minNodes, run }) =>
    count < minNodes
      ? skippedCase(name, `it needs ${minNodes} nodes; there are ${count}`)
      : runCase(name, () => run(bed)),
  );
}

/** Checks `up` and `down`, on clusters of its own. */
export async function lifecycleTest(init: SelfTestInit): Promise<readonly SelfTestResult[]> {
  return runCases(init, lifecycleCases, async ({ name, run }) => {
    try {
      return await runCase(name, () => run(init.signal));
    } finally {
      await removeLifecycleClusters();
    }
  });
}

async function runCases<T>(
  { signal, onResult }: SelfTestInit,
  cases: readonly T[],
  run: (each: T) => SelfTestResult | Promise<SelfTestResult>,
): Promise<readonly SelfTestResult[]> {
  const results: SelfTestResult[] = [];
  for (const each of cases) {
    signal.throwIfAborted();
    const result = await run(each);
    onResult?.(result);
    results.push(result);
  }
  return results;
}
