import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { measureFootprint } from "../../../mesh/simulation/footprint/footprint.ts";
import type { SpreadResult } from "../../../mesh/simulation/scenarios/spread.ts";
import type { Measurement } from "../../rows.ts";
import type { RunControl, Scenario } from "../../scenario.ts";

const SEED = 1;
/** Of which the ranges are coarser, so that it takes minutes. */
const MOST_NODES = 10_000;
const QUICK_MOST_NODES = 300;
const FOOTPRINT_NODES = 10_000;
const PATHS_PER_NODE = 100_000;
const MAIN = join(import.meta.dirname, "../../../mesh/simulation/main.ts");

/** One seed to N nodes, 1 GiB, on a simulated network; and one real discovery among 10,000 simulated others. */
export const simulation: Scenario<{ readonly control: RunControl }> = {
  rowIds: ["simulation", "simulation-growth", "simulation-upload", "simulation-10000", "simulation-state"],
  run: async ({ control }) => {
    const results: SpreadResult[] = [];
    for (const nodeCount of [10, 100, control.repeats(1000, 200)]) results.push(await simulate(nodeCount, control));
    const most = await simulate(control.repeats(MOST_NODES, QUICK_MOST_NODES), control);
    const footprint = await measureFootprint(
      { nodeCount: FOOTPRINT_NODES, pathsPerNode: PATHS_PER_NODE, seed: SEED },
      control.signal,
    );
    control.report(`discovery among ${FOOTPRINT_NODES}: ${JSON.stringify(footprint)}`);
    const { stateMib, processMib, peakMib } = footprint;
    const ratios = [...results, most].map(({ uploadRatio }) => uploadRatio);
    return [
      steepest(results),
      overall(results),
      { id: "simulation-upload", samples: ratios, ours: Math.max(...ratios) },
      { id: "simulation-10000", samples: [most.rounds / Math.log2(most.nodeCount)] },
      { id: "simulation-state", samples: [stateMib], peers: { processMib, peakMib } },
    ];
  },
};

/** In a process of its own, so that the runs do not share memory. */
async function simulate(nodeCount: number, control: RunControl): Promise<SpreadResult> {
  const args = [MAIN, "--nodes", String(nodeCount), "--seed", String(SEED), "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal: control.signal });
  control.report(`${nodeCount} nodes: ${stdout.trim()}`);
  const result: SpreadResult = JSON.parse(stdout);
  if (result.finishedCount !== nodeCount - 1)
    throw new Error(`only ${result.finishedCount + 1} of ${nodeCount} nodes have it`);
  return result;
}

/** The steepest growth between two sizes: it must not be steeper than that of a binary tree of whole copies. */
function steepest(results: readonly SpreadResult[]): Measurement {
  const slopes = results.slice(1).map((result, index) => {
    const before = results[index];
    if (before === undefined) return Number.NaN;
    return (result.rounds - before.rounds) / Math.log2(result.nodeCount / before.nodeCount);
  });
  const peers = Object.fromEntries(results.map(({ nodeCount, rounds }) => [`rounds-${nodeCount}`, rounds]));
  return { id: "simulation", samples: slopes, ours: Math.max(...slopes), peers };
}

/** How much more than the logarithm of the nodes the rounds grow from the smallest mesh to the largest. */
function overall(results: readonly SpreadResult[]): Measurement {
  const [first, last] = [results[0], results.at(-1)];
  if (first === undefined || last === undefined) throw new Error("nothing was simulated");
  const growth = last.rounds / first.rounds / (Math.log(last.nodeCount) / Math.log(first.nodeCount));
  return { id: "simulation-growth", samples: [growth] };
}
