import { parseOptions, UsageError } from "./options.ts";
import { type SpreadResult, spread } from "./scenarios/spread.ts";

/**
 * `node test/mesh/simulation/main.ts --nodes N --seed S [--json] [--progress]`: one node has a NAR, all others want it.
 *
 * Exit code 0 when all have got it, 1 when not, 2 for a wrong command line.
 */

const MIB = 2 ** 20;

function describe(result: SpreadResult): string {
  const { median, max } = result.uploadedBytes;
  return [
    `ranges of ${(result.rangeBytes / MIB).toFixed(0)} MiB`,
    `nodes that have it: ${result.finishedCount + 1} of ${result.nodeCount}`,
    `last one after:     ${(result.makespanMs / 1000).toFixed(1)} s, ${result.rounds.toFixed(2)} times one copy`,
    `sent by a node:     median ${(median / MIB).toFixed(0)} MiB, most ${(max / MIB).toFixed(0)} MiB (${result.uploadRatio.toFixed(2)}x)`,
    `events: ${result.eventCount}, questions of discovery: ${result.questionCount}`,
  ].join("\n");
}

try {
  const options = parseOptions(process.argv.slice(2));
  const result = await spread({
    nodeCount: options.nodeCount,
    seed: options.seed,
    sizeBytes: options.sizeMib * MIB,
    rangeBytes: options.rangeMib * MIB,
    zoneCount: options.zoneCount,
    onProgress: (simulatedMs, finishedCount) => {
      if (!options.hasProgress) return;
      const seconds = (simulatedMs / 1000).toFixed(0);
      process.stderr.write(`${options.nodeCount} nodes after ${seconds} s: ${finishedCount + 1} have it\n`);
    },
  });
  process.stdout.write(`${options.isJson ? JSON.stringify(result) : describe(result)}\n`);
  process.exitCode = result.finishedCount === options.nodeCount - 1 ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
