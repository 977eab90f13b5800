/** The bytes of one NAR, wherever they lie. */
export interface SpoolBytes {
  /**
   * Takes the bytes over: nobody may change them after. Ends when there is room for more.
   * @throws NiphasError DiskFull, StoreUnavailable, perhaps for bytes that were written before
   */
  write(start: number, bytes: Uint8Array): Promise<void>;
  /**
   * At least one and at most `SPOOL_LIMITS.pieceBytes` from `start` on, before `end`; all were written before. They belong
   * to the reader, who must not change them.
   */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Waits for what is under way; then everything is gone, and the room is free. */
  close(): Promise<void>;
}
