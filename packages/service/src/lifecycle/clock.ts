/** Time, so that tests can turn the hands themselves. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start: jumps of the wall clock do not move it. */
  nowMs(): number;
  /** Wall clock time, for records that people read. */
  date(): Date;
  /** Calls back once after `delayMs`; does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export class SystemClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  date(): Date {
    return new Date();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
