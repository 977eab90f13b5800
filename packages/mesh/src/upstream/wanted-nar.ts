import type { NarInfo } from "@niphas/core";

/** What identifies the bytes that are wanted, whoever told of them. */
export interface WantedNar extends Pick<NarInfo, "path" | "narHash" | "narSizeBytes"> {
  /**
   * Whether a signature is sure to cover the size. Where it may not, whoever gives the true bytes of a NAR whose size was
   * told wrong seems to give wrong ones. @default true
   */
  readonly isSizeSigned?: boolean;
}

/** A content address proves the hash, not the size, and may be all that its info is trusted for. */
export function wantedNarOf({ path, narHash, narSizeBytes, contentAddress }: NarInfo): WantedNar {
  return { path, narHash, narSizeBytes, isSizeSigned: contentAddress === undefined };
}
