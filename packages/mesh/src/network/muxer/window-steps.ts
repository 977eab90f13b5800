import { MUXER_LIMITS } from "../limits.ts";

/** What is used of a yamux stream. */
export interface ReceivingStream {
  /** Yamux sends no word while it is `paused`. */
  readonly readStatus: string;
  handleData(frame: { readonly header: { readonly length: number } }): void;
  sendWindowUpdate(): void;
}

/**
 * Lets the sender have room again in steps. Yamux 8.0.1 tells it after each frame, which costs both sides a record of TLS, a
 * write and a frame more for every 64 KiB.
 */
export function grantInSteps(stream: ReceivingStream): void {
  const handleData = stream.handleData.bind(stream);
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream);
  // The first word, which says that the stream is open, is not put off.
  let ungrantedBytes: number = MUXER_LIMITS.windowStepBytes;
  let isTaking = false;
  stream.handleData = (frame) => {
    ungrantedBytes += frame.header.length;
    isTaking = true;
    try {
      handleData(frame);
    } finally {
      isTaking = false;
    }
  };
  stream.sendWindowUpdate = () => {
    if (isTaking && ungrantedBytes < MUXER_LIMITS.windowStepBytes) return;
    if (stream.readStatus !== "paused") ungrantedBytes = 0;
    sendWindowUpdate();
  };
}
