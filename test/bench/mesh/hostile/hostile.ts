import { join } from "node:path";
import { BUNDLE_VARIABLE, runCommand } from "@niphas/testing";
import { type Measurement, median } from "../../rows.ts";
import { repeat, type Scenario } from "../../scenario.ts";
import type { RolloutContext } from "../network/rollout.ts";

const PROGRAM = join(import.meta.dirname, "measure-cases.ts");
const ENTER_NEWER_NIX = join(import.meta.dirname, "../../../../scripts/enter-forky.sh");
/** Nothing takes so long: it ends a run that has failed. */
const ROUND_TIMEOUT_MS = 400_000;

/** Milliseconds of each case. */
type Times = Readonly<Record<string, number>> & { readonly plain: number };

type RowId = "hostile" | "hostile-newer-nix";

/** What is put before a command for the Nix that is on PATH, and for the one of the other Debian. */
const PREFIXES: readonly (readonly [RowId, readonly string[]])[] = [
  ["hostile", ["unshare", "--mount", "--propagation", "private", "--"]],
  ["hostile-newer-nix", [ENTER_NEWER_NIX]],
];

/** The node plugin with meshes of all kinds that are of no use, beside none. */
export const hostile: Scenario<RolloutContext> = {
  rowIds: PREFIXES.map(([id]) => id),
  run: async (context) => {
    const measurements: Measurement[] = [];
    for (const [id, prefix] of PREFIXES) measurements.push({ id, ...(await measureWith(prefix, context)) });
    return measurements;
  },
};

async function measureWith(prefix: readonly string[], context: RolloutContext): Promise<Omit<Measurement, "id">> {
  const { control } = context;
  const rounds: Times[] = [];
  await repeat("meshes of no use", control.repeats(3, 1), control, async () => {
    rounds.push(await measureRound(prefix, context));
  });
  const plainMs = median(rounds.map(({ plain }) => plain));
  const later = (name: string): number[] => rounds.map((times) => toSeconds((times[name] ?? Number.NaN) - plainMs));
  const names = Object.keys(rounds[0] ?? {}).filter((name) => name !== "plain");
  const cases = new Map(names.map((name) => [name, later(name)]));
  const peers = Object.fromEntries(cases.entries().map(([name, each]) => [name, median(each)]));
  return {
    samples: rounds.map((_, round) => Math.max(...cases.values().map((each) => each[round] ?? Number.NaN))),
    ours: Math.max(...Object.values(peers)),
    peers: { plain: toSeconds(plainMs), ...peers },
  };
}

async function measureRound(prefix: readonly string[], { control, bundleFile }: RolloutContext): Promise<Times> {
  const env = { ...process.env, [BUNDLE_VARIABLE]: bundleFile };
  const options = { env, signal: control.signal, timeoutMs: ROUND_TIMEOUT_MS };
  return JSON.parse((await runCommand([...prefix, process.execPath, PROGRAM], options)).stdout);
}

function toSeconds(ms: number): number {
  return ms / 1_000;
}
