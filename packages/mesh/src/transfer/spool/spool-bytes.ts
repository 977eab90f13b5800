/** The bytes of one NAR, wherever they lie. */
export interface SpoolBytes {
  /** Keeps a copy. @throws NiphasError DiskFull, StoreUnavailable */
  write(start: number, bytes: Uint8Array): Promise<void>;
  /** At most `SPOOL_LIMITS.pieceBytes`, all written before. They belong to the reader, who must not change them. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Waits for what is under way; then everything is gone, and the room is free. */
  close(): Promise<void>;
}
