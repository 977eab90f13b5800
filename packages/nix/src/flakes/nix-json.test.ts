import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBuildOutput, parsePathInfoOutput } from "./nix-json.ts";

const LIB = `/nix/store/${"1".repeat(32)}-lib`;
const APP = `/nix/store/${"2".repeat(32)}-app`;
const HASH = "sha256-I79ABM/MuMklSzsTwQ5m1xiPdq97No4hi6vpgVmYnw8=";
const INFO = { narHash: HASH, narSize: 120, references: [LIB] };

describe("parsePathInfoOutput", () => {
  it("reads 2.8's array and 2.34's object alike", () => {
    const old = parsePathInfoOutput(
      JSON.stringify([
        { path: APP, ...INFO },
        { path: LIB, ...INFO },
      ]),
    );
    const recent = parsePathInfoOutput(JSON.stringify({ [APP]: { ...INFO, version: 1 }, [LIB]: INFO }));
    expect(old).toEqual(recent);
    expect(old.map((info) => info.path)).toEqual([LIB, APP]);
    expect(old[0]).toMatchObject({ narSizeBytes: 120, references: [LIB] });
  });

  it.each([
    JSON.stringify([{ path: APP, valid: false }]),
    JSON.stringify({ [APP]: null }),
  ])("does not find a path that is not valid: %s", (text) => {
    expect(() => parsePathInfoOutput(text)).toThrow(expect.objectContaining({ code: "PathNotFound" }));
  });
});

describe("parseBuildOutput", () => {
  it("reads derivation and outputs, `out` first", () => {
    const text = JSON.stringify([{ drvPath: `${APP}.drv`, outputs: { dev: LIB, out: APP } }]);
    expect(parseBuildOutput(text)).toEqual([
      {
        drvPath: `${APP}.drv`,
        outputs: [
          { name: "out", path: APP },
          { name: "dev", path: LIB },
        ],
      },
    ]);
  });

  it("knows no derivation where Nix names none", () => {
    expect(parseBuildOutput(JSON.stringify([{ outputs: { out: APP } }]))[0]?.drvPath).toBeUndefined();
  });
});

it("gives a value or our own error for every text", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json()),
      fc.constantFrom(parseBuildOutput, parsePathInfoOutput),
      (text, parse) => {
        try {
          parse(text);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      },
    ),
  );
});
