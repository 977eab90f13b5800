import { toFsPath } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { toBytePath } from "./byte-path.ts";

describe("byte paths", () => {
  it("stand for the UTF-8 bytes of an ordinary string", () => {
    expect(Buffer.from(toFsPath(toBytePath("/stäte/x"))).toString("utf8")).toBe("/stäte/x");
    expect(toBytePath("/plain")).toBe("/plain");
  });
});
