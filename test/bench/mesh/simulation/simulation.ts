import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { measureFootprint } from "../../../mesh/simulation/footprint/footprint.ts";
import type { SpreadResult } from "../../../mesh/simulation/scenarios/spread.ts";
import type { Measurement } from "../../rows.ts";
import type { RunControl, Scenario } from "../../scenario.ts";

const SEED = 1;
/** Of which the ranges are coarser, and which takes a quarter of an hour: in a long run only. */
const MOST_NODES = 10_000;
const FOOTPRINT_NODES = 10_000;
const PATHS_PER_NODE = 100_000;
const QUICK_PATHS_PER_NODE = 10_000;
const MAIN = join(import.meta.dirname, "../../../mesh/simulation/main.ts");

/** One seed to N nodes, 1 GiB, on a simulated network; and one real discovery among 10,000 simulated others. */
export const simulation: Scenario<{ readonly control: RunControl }> = {
  rowIds: ["simulation", "simulation-growth", "simulation-upload", "simulation-largest", "simulation-state"],
  run: async ({ control }) => {
    const results: SpreadResult[] = [];
    const counts = [10, control.repeats(100, 30), control.repeats(1000, 90)];
    for (const nodeCount of counts) results.push(await simulate(nodeCount, control));
    const most = control.isLong ? await simulate(MOST_NODES, control) : results.at(-1);
    if (most === undefined) throw new Error("nothing was simulated");
    const pathsPerNode = control.repeats(PATHS_PER_NODE, QUICK_PATHS_PER_NODE);
    const footprint = await measureFootprint({ nodeCount: FOOTPRINT_NODES, pathsPerNode, seed: SEED }, control.signal);
    control.report(`discovery among ${FOOTPRINT_NODES}, ${pathsPerNode} paths each: ${JSON.stringify(footprint)}`);
    const { stateMib, processMib, peakMib } = footprint;
    const ratios = results.map(({ uploadRatio }) => uploadRatio);
    const { nodeCount: nodes, rounds, uploadRatio } = most;
    return [
      steepest(results),
      overall(results),
      { id: "simulation-upload", samples: ratios, ours: Math.max(...ratios) },
      { id: "simulation-largest", samples: [rounds / Math.log2(nodes)], peers: { nodes, rounds, uploadRatio } },
      { id: "simulation-state", samples: [stateMib], peers: { processMib, peakMib, pathsPerNode } },
    ];
  },
};

/** In a process of its own, so that the runs do not share memory. */
async function simulate(nodeCount: number, control: RunControl): Promise<SpreadResult> {
  const args = ["--no-warnings", MAIN, "--nodes", String(nodeCount), "--seed", String(SEED), "--json", "--progress"];
  const ended = promisify(execFile)(process.execPath, args, { signal: control.signal });
  ended.child.stderr?.setEncoding("utf8").on("data", (text: string) => control.report(text.trim()));
  const { stdout } = await ended;
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
