import fc from "fast-check";
import { expect, it } from "vitest";
import { parseTargetPath } from "./target-path.ts";

const KUBELET = "/var/lib/kubelet";
const GOOD = `${KUBELET}/pods/1234/volumes/kubernetes.io~csi/nix/mount`;

it("takes the kubelet's own paths", () => {
  expect(parseTargetPath(GOOD, KUBELET)).toBe(GOOD);
});

const BAD: readonly [string, string][] = [
  ["nothing", ""],
  ["a relative path", "pods/1/mount"],
  ["the kubelet directory itself", KUBELET],
  ["a path outside", "/etc/passwd"],
  ["a sibling with the same beginning", "/var/lib/kubelet-evil/mount"],
  ["..", `${KUBELET}/pods/../../../../etc`],
  [".", `${KUBELET}/./pods/mount`],
  ["doubled slashes", `${KUBELET}//pods/mount`],
  ["a trailing slash", `${GOOD}/`],
  ["a NUL", `${KUBELET}/pods\0/mount`],
  ["a newline", `${KUBELET}/pods\n/mount`],
  ["10 kB", `${KUBELET}/${"a".repeat(10_000)}`],
];
for (const [what, text] of BAD) {
  it(`refuses ${what} without echoing it`, () => {
    expect(() => parseTargetPath(text, KUBELET)).toThrow(expect.objectContaining({ code: "InvalidRequest" }));
    try {
      parseTargetPath(text, KUBELET);
    } catch (error) {
      if (text.length > 1) expect(String(error)).not.toContain(text);
    }
  });
}

it("gives, for any text, a normal path below the kubelet's directory or a refusal", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom("..", ".", "", "pods", "mount")).map((parts) => `${KUBELET}/${parts.join("/")}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const path = parseTargetPath(text, KUBELET);
        expect(path.startsWith(`${KUBELET}/`)).toBe(true);
        expect(path.split("/").slice(1)).not.toContain("..");
        expect(path.split("/").slice(1)).not.toContain("");
      } catch (error) {
        expect(error).toMatchObject({ code: "InvalidRequest" });
      }
    }),
  );
});
