import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isVolumeId, parseVolumeId } from "./volume-id.ts";

const GOOD = `csi-${"0123456789abcdef".repeat(4)}`;

describe("a volume id", () => {
  test("is what the kubelet makes: csi- and 64 hex characters", () => {
    expect(parseVolumeId(GOOD)).toBe(GOOD);
    expect(isVolumeId(GOOD)).toBe(true);
  });

  test("that is missing is named as missing", () => {
    expect(() => parseVolumeId("")).toThrow("volume_id is missing");
  });

  test.each([
    ["a way out", "../../x"],
    ["a way out behind a good id", `${GOOD}/../x`],
    ["an absolute path", "/etc/passwd"],
    ["upper case", GOOD.toUpperCase()],
    ["one character less", GOOD.slice(0, -1)],
    ["one character more", `${GOOD}0`],
    ["a newline at the end", `${GOOD}\n`],
    ["a NUL", `${GOOD}\0`],
    ["shell text", "csi-$(reboot)"],
    ["an option", "--option"],
    ["ten kilobytes", "x".repeat(10_240)],
    ["full-width digits", `csi-${"\uFF10".repeat(64)}`],
  ])("is not %s, and the text is not echoed", (_what, text) => {
    expect(isVolumeId(text)).toBe(false);
    expect(() => parseVolumeId(text)).toThrow(
      expect.objectContaining({
        code: "InvalidRequest",
        message: "volume_id must be csi-<64 hex characters>, as the kubelet makes it",
      }),
    );
  });

  test("is always one plain file name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^csi-[0-9a-f]{64}$/)), (text) => {
        if (isVolumeId(text)) expect(text).toMatch(/^[a-z0-9-]{68}$/);
      }),
    );
  });
});
