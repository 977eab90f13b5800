/** Which way the compared value is better: the ratio, or `ours` where there is no peer. */
export type Direction = "lower" | "higher";

/** What a row promises; fixed before anything is measured. */
export interface RowSpec {
  readonly id: string;
  /** Of the samples, `ours` and the peers. */
  readonly unit: string;
  readonly direction: Direction;
  /** For the ratio, or for `ours` where there is no ratio. */
  readonly bar: number;
}

export interface Measurement {
  readonly id: string;
  /** One figure per repetition. */
  readonly samples: readonly number[];
  /** The figure that counts. @default the median of the samples */
  readonly ours?: number;
  /** Figures of the same run to compare with, by name. */
  readonly peers?: Readonly<Record<string, number>>;
  /** `ours` against the peer that the bar is about. Without it, `ours` itself is held against the bar. */
  readonly ratio?: number;
}

/** One line of the result; the shape of `--json`. */
export interface Row extends RowSpec {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Null where the bar is absolute. */
  readonly ratio: number | null;
  readonly pass: boolean;
}

export interface Verdict {
  readonly missing: readonly string[];
  readonly failed: readonly string[];
}

const DIGITS = 4;

/** The nearest-rank percentile, `fraction` from 0 to 1. NaN for no samples, which passes no bar. */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(fraction * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

export function toRow(spec: RowSpec, measurement: Measurement): Row {
  const ours = measurement.ours ?? median(measurement.samples);
  const compared = measurement.ratio ?? ours;
  const peers = Object.entries(measurement.peers ?? {}).map(([name, value]) => [name, round(value)] as const);
  return {
    ...spec,
    n: measurement.samples.length,
    p50: round(median(measurement.samples)),
    p99: round(percentile(measurement.samples, 0.99)),
    ours: round(ours),
    peers: Object.fromEntries(peers),
    ratio: measurement.ratio === undefined ? null : round(measurement.ratio),
    pass: spec.direction === "lower" ? compared <= spec.bar : compared >= spec.bar,
  };
}

/** A run passes when every promised row is there and none failed. */
export function judge(specs: readonly RowSpec[], rows: readonly Row[]): Verdict {
  const present = new Set(rows.map((row) => row.id));
  return {
    missing: specs.map((spec) => spec.id).filter((id) => !present.has(id)),
    failed: rows.filter((row) => !row.pass).map((row) => row.id),
  };
}

/** A row that a suite does not have. */
export class UnknownRow extends Error {}

/**
 * The rows of these names, and those that begin with one of them and a hyphen; all rows for no name.
 * @throws UnknownRow
 */
export function chosenRows(specs: readonly RowSpec[], names: readonly string[]): ReadonlySet<string> {
  const ids = specs.map(({ id }) => id);
  const isOf = (id: string, name: string): boolean => id === name || id.startsWith(`${name}-`);
  const unknown = names.filter((name) => !ids.some((id) => isOf(id, name)));
  if (unknown.length > 0) throw new UnknownRow(`no row ${unknown.join(", ")}; there are: ${ids.join(", ")}`);
  return new Set(names.length === 0 ? ids : ids.filter((id) => names.some((name) => isOf(id, name))));
}

/** One line for people. */
export function describeSpec({ id, unit, direction, bar }: RowSpec): string {
  return `${id}: ${direction === "lower" ? "<=" : ">="} ${bar}, measured in ${unit}`;
}

/** Four significant digits: more would only be noise. */
function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value;
}
