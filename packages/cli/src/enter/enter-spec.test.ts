import { describe, expect, it } from "vitest";
import { parseStatus } from "./enter-spec.ts";

const failure = { reason: "program", message: "no" };

describe("parseStatus", () => {
  it("reads silence as a process that never got there", () => {
    expect(parseStatus("")).toEqual({ isStarting: false, failure: undefined });
  });

  it("reads the word alone as a program that runs", () => {
    expect(parseStatus("starting\n")).toEqual({ isStarting: true, failure: undefined });
  });

  it("reads a failure before and after the word", () => {
    expect(parseStatus(JSON.stringify(failure)).failure).toEqual(failure);
    expect(parseStatus(`starting\n${JSON.stringify(failure)}`)).toEqual({ isStarting: true, failure });
  });

  it("reads a cut failure as one of niphas", () => {
    expect(parseStatus('{"reason":').failure?.reason).toBe("niphas");
  });
});
