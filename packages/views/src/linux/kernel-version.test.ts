import { isNiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { assertKernelNewEnough, isKernelNewEnough } from "./kernel-version.ts";

describe("isKernelNewEnough", () => {
  it.each([
    ["5.12.0", true],
    ["5.100.1-generic", true],
    ["6.1", true],
    ["10.0.0", true],
    ["5.11.22", false],
    ["5.4.0-150-generic", false],
    ["4.18.0-553.el8", false],
    ["unknown", false],
  ])("of %s is %s", (release, isNewEnough) => {
    expect(isKernelNewEnough(release)).toBe(isNewEnough);
  });
});

describe("assertKernelNewEnough", () => {
  it("lets 5.12 pass", () => {
    assertKernelNewEnough("5.12.0");
  });

  it("names what runs and what is needed", () => {
    let failure: unknown;
    try {
      assertKernelNewEnough("5.11.22");
    } catch (error) {
      failure = error;
    }
    expect(isNiphasError(failure) && failure.code).toBe("InvalidConfiguration");
    expect(failure).toMatchObject({ message: "Linux 5.11.22 is too old: 5.12 or newer is needed" });
  });
});
