import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** `minor`: the young objects alone, about a millisecond. `all`: everything that can go, some 4 ms for each MiB in use. */
export type Collection = "minor" | "all";

interface CollectOptions {
  readonly type: "minor" | "major";
  /** `last-resort`: as when memory is short, with what is only kept in case. */
  readonly flavor?: "regular" | "last-resort";
}

const OPTIONS: Readonly<Record<Collection, CollectOptions>> = {
  minor: { type: "minor" },
  all: { type: "major", flavor: "last-resort" },
};

let collect: ((options: CollectOptions) => void) | undefined;

/** Now, and until it is done. */
export function collectGarbage(collection: Collection): void {
  collect ??= garbageCollector();
  collect(OPTIONS[collection]);
}

/** V8's own function, which contexts have that are made while it is asked for. */
function garbageCollector(): NonNullable<typeof collect> {
  setFlagsFromString("--expose-gc");
  const found: NonNullable<typeof collect> = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return found;
}
