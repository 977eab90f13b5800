import { describe, expect, it } from "vitest";
import { MUXER_LIMITS } from "../limits.ts";
import { grantInSteps } from "./window-steps.ts";

const FRAME_BYTES = 64 * 1024;
const FRAMES_PER_STEP = MUXER_LIMITS.windowStepBytes / FRAME_BYTES;

/** As yamux 8.0.1: a word after each frame and when reading goes on, none while it is paused. */
class FrameCounter {
  readStatus = "readable";
  updates = 0;

  handleData(_frame: { readonly header: { readonly length: number } }): void {
    this.sendWindowUpdate();
  }

  sendWindowUpdate(): void {
    if (this.readStatus !== "paused") this.updates++;
  }

  take(frames: number): number {
    for (let index = 0; index < frames; index++) this.handleData({ header: { length: FRAME_BYTES } });
    return this.updates;
  }
}

function countedStream(): FrameCounter {
  const stream = new FrameCounter();
  grantInSteps(stream);
  return stream;
}

describe("room in a window", () => {
  it("is granted with the first frame, which says that the stream is open", () => {
    expect(countedStream().take(1)).toBe(1);
  });

  it("is granted once for each step of what was used up", () => {
    const stream = countedStream();
    expect(stream.take(FRAMES_PER_STEP)).toBe(1);
    expect(stream.take(1)).toBe(2);
    expect(stream.take(10 * FRAMES_PER_STEP)).toBe(12);
  });

  it("is granted at once when reading goes on, however little was used up", () => {
    const stream = countedStream();
    stream.take(1);
    stream.readStatus = "paused";
    expect(stream.take(3 * FRAMES_PER_STEP)).toBe(1);
    stream.readStatus = "readable";
    stream.sendWindowUpdate();
    expect(stream.updates).toBe(2);
  });

  it("is never held back by more than a part of the window, so that nobody waits for it", () => {
    expect(MUXER_LIMITS.windowStepBytes * 2).toBeLessThanOrEqual(MUXER_LIMITS.maxStreamWindowBytes);
  });
});
