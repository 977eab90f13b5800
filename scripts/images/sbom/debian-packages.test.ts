import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { debianPackages, parseStatus } from "./debian-packages.ts";

const stanza = (name: string, version: string, status = "install ok installed", architecture = "amd64") =>
  `Package: ${name}\nStatus: ${status}\nArchitecture: ${architecture}\nVersion: ${version}\n` +
  "Description: short\n longer: with a colon\n";

function writeFiles(root: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

describe("Debian packages of an image", () => {
  it("are read stanza by stanza, without what continues a field", () => {
    const [first, second, ...others] = parseStatus(`${stanza("nix-bin", "2.34")}\n${stanza("libc6", "2.43-7")}`);
    expect(first?.get("Package")).toBe("nix-bin");
    expect(second?.get("Version")).toBe("2.43-7");
    expect(first?.get("Description")).toBe("short");
    expect(others).toEqual([]);
  });

  it("are those that dpkg has installed, with the release in their package URL", async () => {
    await using root = temporaryDirectory("debian");
    writeFiles(root.path, {
      "usr/lib/os-release": 'NAME="Debian"\nVERSION_CODENAME=forky\n',
      "var/lib/dpkg/status": [
        stanza("tzdata", "1:2026a", "install ok installed", "all"),
        stanza("libstdc++6", "16.1"),
        stanza("removed", "1", "deinstall ok config-files"),
      ].join("\n"),
    });
    expect(debianPackages(root.path).map((each) => each.purl)).toEqual([
      "pkg:deb/debian/libstdc%2B%2B6@16.1?arch=amd64&distro=debian-forky",
      "pkg:deb/debian/tzdata@1%3A2026a?arch=all&distro=debian-forky",
    ]);
  });

  it("are found in an image without dpkg too, and none in an empty one", async () => {
    await using root = temporaryDirectory("debian");
    expect(debianPackages(root.path)).toEqual([]);
    writeFiles(root.path, { "var/lib/dpkg/status.d/libc6": stanza("libc6", "2.43-7") });
    expect(debianPackages(root.path)).toMatchObject([{ name: "libc6", version: "2.43-7" }]);
  });
});
