import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { exitCodeOf, signalExitCode } from "./exit-code.ts";
import { isForegroundStat } from "./foreground.ts";
import { forwardSignals } from "./forwarding.ts";
import { watchInterrupts } from "./interrupts.ts";

describe("exitCodeOf", () => {
  it("is the program's own code, or 128 and the signal's number", () => {
    expect(exitCodeOf(0, null)).toBe(0);
    expect(exitCodeOf(7, null)).toBe(7);
    expect(exitCodeOf(null, "SIGTERM")).toBe(143);
    expect(exitCodeOf(null, "SIGKILL")).toBe(137);
    expect(signalExitCode("SIGINT")).toBe(130);
  });
});

/** Stands for the process, whose own signals would end the test run. */
class SignalSource extends EventEmitter {
  raise(...signals: readonly NodeJS.Signals[]): void {
    for (const signal of signals) this.emit(signal, signal);
  }
}

describe("isForegroundStat", () => {
  it("compares the process group with the terminal's", () => {
    expect(isForegroundStat("9 (node) S 1 77 5 34816 77 4194304 1")).toBe(true);
    expect(isForegroundStat("9 (node) S 1 77 5 34816 90 4194304 1")).toBe(false);
    expect(isForegroundStat("9 (node) S 1 77 5 0 -1 4194304 1")).toBe(false);
  });

  it("is not confused by the program's name", () => {
    expect(isForegroundStat("9 (a) R 1 (b) 2) S 1 77 5 34816 77 4194304 1")).toBe(true);
  });
});

describe("forwardSignals", () => {
  function forwarding(isTerminal: boolean) {
    const sent: NodeJS.Signals[] = [];
    const source = new SignalSource();
    const handle = forwardSignals(
      (signal) => sent.push(signal),
      () => isTerminal,
      source,
    );
    return { sent, handle, source };
  }

  it("sends on what came to niphas alone", () => {
    const { sent, handle, source } = forwarding(false);
    handle.programStarted();
    source.raise("SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1", "SIGWINCH");
    expect(sent).toEqual(["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1", "SIGWINCH"]);
  });

  it("does not repeat what the terminal sent to both", () => {
    const { sent, handle, source } = forwarding(true);
    handle.programStarted();
    source.raise("SIGINT", "SIGQUIT", "SIGWINCH", "SIGTERM");
    expect(sent).toEqual(["SIGTERM"]);
  });

  it("holds back what would mean something else before the program runs", () => {
    const { sent, handle, source } = forwarding(false);
    source.raise("SIGUSR1", "SIGTERM");
    expect(sent).toEqual(["SIGTERM"]);
    handle.programStarted();
    expect(sent).toEqual(["SIGTERM", "SIGUSR1"]);
  });

  it("leaves no listener behind", () => {
    const { handle, source } = forwarding(false);
    handle.stop();
    expect(source.eventNames()).toEqual([]);
  });
});

describe("watchInterrupts", () => {
  it("aborts at the first signal and leaves at once at the second", () => {
    const exits: string[] = [];
    const source = new SignalSource();
    const interrupts = watchInterrupts((signal) => exits.push(signal), source);
    source.raise("SIGTERM");
    expect(interrupts.signal.aborted).toBe(true);
    expect(interrupts.received()).toBe("SIGTERM");
    source.raise("SIGINT");
    expect(exits).toEqual(["SIGINT"]);
  });

  it("lets nothing change the end once it is released", () => {
    const source = new SignalSource();
    const interrupts = watchInterrupts(() => expect.unreachable(), source);
    interrupts.release();
    source.raise("SIGTERM", "SIGTERM");
    expect(interrupts.signal.aborted).toBe(false);
    expect(interrupts.received()).toBeUndefined();
  });
});
