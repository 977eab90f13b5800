import { setFlagsFromString } from "node:v8";

/**
 * Makes V8 collect young garbage early instead of growing its space for it: a node plugin shares its machine with the
 * pods. About 15 MiB less resident memory at rest, 60 MiB after bursts of calls. Affects the whole process, so only the
 * program's own entry calls it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
