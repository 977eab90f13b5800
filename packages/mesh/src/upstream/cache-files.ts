import type { CacheFile } from "../ports.ts";

/** Where the files of one binary cache are read: over HTTP, from S3, in a directory. */
export interface CacheFiles extends AsyncDisposable {
  /** Where it is, without credentials. */
  readonly name: string;
  /**
   * Opens a file from the byte `start` on. Undefined: there is no such file.
   * @param file relative to the cache, or an absolute URL where the kind of cache allows it
   * @throws NiphasError SubstituterUnavailable, BadBytes for a name that leads out of the cache
   */
  open(file: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined>;
}
