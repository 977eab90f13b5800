import { describe, expect, it } from "vitest";
import { isLicenseExpression } from "./license-expression.ts";

describe("licence expressions", () => {
  it.each([
    "MIT",
    "NOASSERTION",
    "(MIT OR Apache-2.0)",
    "GPL-2.0-or-later WITH Classpath-exception-2.0",
    "MIT AND (BSD-3-Clause OR (ISC AND 0BSD))",
  ])("are what SPDX allows: %s", (text) => {
    expect(isLicenseExpression(text)).toBe(true);
  });

  it.each([
    "",
    "SEE LICENSE IN LICENSE.md",
    "MIT OR",
    "AND MIT",
    "(MIT",
    "MIT)",
    "MIT ISC",
    "()",
    "MIT/X11",
  ])("are nothing else: %j", (text) => {
    expect(isLicenseExpression(text)).toBe(false);
  });
});
