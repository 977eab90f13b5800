import { parseArgs } from "node:util";

export interface SimulationOptions {
  readonly nodeCount: number;
  readonly seed: number;
  readonly sizeMib: number;
  readonly rangeMib: number;
  readonly zoneCount: number;
  /** All nodes begin at the first range, as a plain stream would. */
  readonly isSequential: boolean;
  readonly isJson: boolean;
}

export class UsageError extends Error {}

export const USAGE = `usage: node test/mesh/simulation/main.ts --nodes N [--seed S] [--size-mib M] [--range-mib M] [--zones Z] [--sequential] [--json]

  --nodes       how many nodes, 2 to 10,000, one of which has the bytes
  --seed        the same seed gives the same run; 1 if not given
  --size-mib    how much all others want; 1024 if not given
  --range-mib   of one request; 8 if not given
  --zones       how many zones the nodes are spread over; 1 if not given
  --sequential  all nodes begin at the first byte
  --json        write the result as JSON`;

const MAX_NODES = 10_000;

/** @throws UsageError */
export function parseOptions(argv: readonly string[]): SimulationOptions {
  const values = parse(argv);
  return {
    nodeCount: wholeNumber("--nodes", values.nodes ?? "", { min: 2, max: MAX_NODES }),
    seed: wholeNumber("--seed", values.seed ?? "1", { min: 0, max: 2 ** 32 - 1 }),
    sizeMib: wholeNumber("--size-mib", values["size-mib"] ?? "1024", { min: 1, max: 1_048_576 }),
    rangeMib: wholeNumber("--range-mib", values["range-mib"] ?? "8", { min: 1, max: 1024 }),
    zoneCount: wholeNumber("--zones", values.zones ?? "1", { min: 1, max: 100 }),
    isSequential: values.sequential ?? false,
    isJson: values.json ?? false,
  };
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
    sequential: flag,
    json: flag,
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
