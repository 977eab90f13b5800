import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { causeChain, errorFields } from "./error-fields.ts";

describe("causes in the log", () => {
  it("come outermost first, with a stack only where no error was expected", () => {
    const bug = new TypeError("undefined is not a function");
    const error = new NiphasError("MountFailed", "no", {
      cause: new NiphasError("StoreUnavailable", "down", { cause: bug }),
    });
    const [first, second, ...rest] = causeChain(error);
    expect(first).toEqual({ name: "NiphasError", message: "down", code: "StoreUnavailable" });
    expect(second).toMatchObject({ name: "TypeError", stack: expect.stringContaining("TypeError") });
    expect(rest).toEqual([]);
  });

  it("end, even when they run in a circle", () => {
    const error: Error = new Error("round");
    error.cause = error;
    expect(causeChain(error)).toHaveLength(8);
  });

  it("keep the last lines of Nix's output", () => {
    const fields = errorFields(new NiphasError("CommandFailed", "failed", { cause: ["one", "two"] }));
    expect(fields).toMatchObject({ code: "CommandFailed", kind: "internal", causes: [{ message: "one\ntwo" }] });
  });
});
