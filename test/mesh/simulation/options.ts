import { parseArgs } from "node:util";

export interface SimulationOptions {
  readonly nodeCount: number;
  readonly seed: number;
  readonly sizeMib: number;
  readonly rangeMib: number;
  readonly zoneCount: number;
  readonly isJson: boolean;
  readonly hasProgress: boolean;
}

export class UsageError extends Error {}

export const USAGE = `usage: node test/mesh/simulation/main.ts --nodes N [--seed S] [--size-mib M] [--range-mib M] [--zones Z] [--json] [--progress]

  --nodes       how many nodes, 2 to 10,000, one of which has the bytes
  --seed        the same seed gives the same run; 1 if not given
  --size-mib    how much all others want; 1024 if not given
  --range-mib   of one request, a multiple of 8: more is coarser and faster to compute; if not given 8, or 64 for more
                than 2000 nodes
  --zones       how many zones the nodes are spread over; 1 if not given
  --json        write the result as JSON
  --progress    write to standard error now and then how far it is`;

const MAX_NODES = 10_000;
const MAX_FINE_NODES = 2000;
const RANGE_MIB = 8;
const COARSE_RANGE_MIB = 64;

/** @throws UsageError */
export function parseOptions(argv: readonly string[]): SimulationOptions {
  const values = parse(argv);
  const nodeCount = wholeNumber("--nodes", values.nodes ?? "", { min: 2, max: MAX_NODES });
  return {
    nodeCount,
    seed: wholeNumber("--seed", values.seed ?? "1", { min: 0, max: 2 ** 32 - 1 }),
    sizeMib: wholeNumber("--size-mib", values["size-mib"] ?? "1024", { min: 1, max: 1_048_576 }),
    rangeMib: rangeMib(values["range-mib"], nodeCount),
    zoneCount: wholeNumber("--zones", values.zones ?? "1", { min: 1, max: 100 }),
    isJson: values.json ?? false,
    hasProgress: values.progress ?? false,
  };
}

/** The daemon's ranges, in many of which thousands of nodes take hours to compute. */
function rangeMib(text: string | undefined, nodeCount: number): number {
  const value = text ?? String(nodeCount > MAX_FINE_NODES ? COARSE_RANGE_MIB : RANGE_MIB);
  const mib = wholeNumber("--range-mib", value, { min: RANGE_MIB, max: 1024 });
  if (mib % RANGE_MIB === 0) return mib;
  throw new UsageError(`--range-mib needs a multiple of ${RANGE_MIB}\n${USAGE}`);
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    nodes: text,
    seed: text,
    "size-mib": text,
    "range-mib": text,
    zones: text,
    json: flag,
    progress: flag,
  };
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function wholeNumber(name: string, text: string, range: { readonly min: number; readonly max: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UsageError(`${name} needs a whole number from ${range.min} to ${range.max}\n${USAGE}`);
}
