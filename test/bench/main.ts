import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { meshSuite } from "./mesh/suite.ts";
import { podsSuite } from "./pods/suite.ts";
import { privateDirectory, rerunInPrivateNamespace } from "./private-namespace.ts";
import { publishSuite } from "./publish/suite.ts";
import { chosenRows, describeSpec, judge, type Row, toRow, UnknownRow } from "./rows.ts";
import type { RunControl, Suite } from "./scenario.ts";
import { formatTable } from "./table.ts";

/**
 * `npm run bench -- publish|pods|mesh --json FILE [--quick] [--long] [--only ROW,ROW…]`
 *
 * Exit code 0 when every row is there and passes, 1 when one is missing or fails, 2 for a wrong command line.
 */

const USAGE = `usage: npm run bench -- publish|pods|mesh [options]

  --json FILE       writes the rows as JSON
  --quick           few repetitions, small closures: to see whether it runs
  --long            large closures
  --row ROW         this row only, or all that begin with ROW-; may be given more than once
  --only ROW,ROW    the same, as one list
  --list            prints the rows and their bars, and runs nothing`;
const SUITES: ReadonlyMap<string, Suite> = new Map([
  ["publish", publishSuite],
  ["pods", podsSuite],
  ["mesh", meshSuite],
]);

interface BenchOptions {
  readonly suite: Suite;
  readonly jsonFile: string | undefined;
  readonly isQuick: boolean;
  readonly isLong: boolean;
  readonly rowIds: ReadonlySet<string>;
}

class UsageError extends Error {}

/** Undefined: it was only asked what there is, and that is printed. */
function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      quick: { type: "boolean", default: false },
      long: { type: "boolean", default: false },
      row: { type: "string", multiple: true, default: [] },
      only: { type: "string", default: "" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return print(USAGE);
  const suite = SUITES.get(positionals[0] ?? "");
  if (suite === undefined || positionals.length !== 1) throw new UsageError(USAGE);
  const rowIds = chosenRows(suite.specs, [...values.row, ...values.only.split(",").filter(Boolean)]);
  if (values.list)
    return print(
      suite.specs
        .filter(({ id }) => rowIds.has(id))
        .map(describeSpec)
        .join("\n"),
    );
  return { suite, jsonFile: values.json, isQuick: values.quick, isLong: values.long, rowIds };
}

function print(text: string): undefined {
  process.stdout.write(`${text}\n`);
}

function runControl(options: BenchOptions, directory: string): RunControl {
  const startedAtMs = performance.now();
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => abort.abort(new Error(`stopped by ${signal}`)));
  }
  return {
    directory,
    signal: abort.signal,
    isLong: options.isLong,
    repeats: (full, quick) => (options.isQuick ? quick : full),
    report: (line) => {
      const seconds = (performance.now() - startedAtMs) / 1000;
      process.stderr.write(`${seconds.toFixed(1).padStart(6)} s  ${line}\n`);
    },
  };
}

async function runBench(options: BenchOptions, directory: string): Promise<number> {
  const measurements = await options.suite.run(options.rowIds, runControl(options, directory));
  const specs = options.suite.specs.filter((spec) => options.rowIds.has(spec.id));
  const rows: readonly Row[] = specs.flatMap((spec) =>
    measurements.filter((measurement) => measurement.id === spec.id).map((measurement) => toRow(spec, measurement)),
  );
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(rows, null, 2)}\n`);
  process.stdout.write(`${formatTable(rows)}\n`);
  const { missing, failed } = judge(specs, rows);
  if (missing.length > 0) process.stdout.write(`missing: ${missing.join(", ")}\n`);
  if (failed.length > 0) process.stdout.write(`failed: ${failed.join(", ")}\n`);
  return missing.length + failed.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return 0;
  if (process.getuid?.() !== 0) throw new UsageError("the benchmark mounts: run it as root");
  const directory = privateDirectory();
  return directory === undefined ? rerunInPrivateNamespace() : runBench(options, directory);
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || error instanceof UnknownRow || (error instanceof TypeError && "code" in error);
  process.stderr.write(`${isUsage && error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
