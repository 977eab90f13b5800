import { createRequire } from "node:module";

type Koffi = typeof import("koffi");
type Trim = () => void;

let trim: Trim | undefined;

/** Hands memory that the C library holds and nobody uses back to the kernel. */
export function releaseFreeMemory(): void {
  trim ??= findTrim();
  trim();
}

/** https://man7.org/linux/man-pages/man3/malloc_trim.3.html; other C libraries than glibc have nothing like it. */
function findTrim(): Trim {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    // `null` is the running program, which has the C library in it under whatever name.
    const mallocTrim: (keptBytes: number) => number = koffi.load(null).func("int malloc_trim(size_t)");
    return () => void mallocTrim(0);
  } catch {
    return () => undefined;
  }
}
