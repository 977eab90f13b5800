import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { needs, temporaryDirectory } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type OciArchiveInit, writeOciArchive } from "./oci-archive.ts";
import type { TarEntry } from "./tar.ts";

const PROGRAM: TarEntry = { type: "file", path: "program", mode: 0o755, content: "#!/bin/sh\n" };

function image(file: string): OciArchiveInit {
  return {
    file,
    reference: "localhost/test/program:1",
    platform: { architecture: "arm64" },
    layers: [[PROGRAM], [{ type: "directory", path: "tmp", mode: 0o1777 }]],
    config: { entrypoint: ["/program"], environment: ["A=b"], user: "65532" },
  };
}

function member(file: string, name: string): Buffer {
  return execFileSync("tar", ["--extract", "--to-stdout", "--file", file, name]);
}

function blob(file: string, digest: string): Buffer {
  const bytes = member(file, `blobs/sha256/${digest.replace("sha256:", "")}`);
  expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(digest);
  return bytes;
}

describe("writeOciArchive", () => {
  beforeEach((context) => needs(context, "tar"));

  it("writes the same bytes for the same image", async () => {
    await using directory = temporaryDirectory("oci");
    const [first, second] = [directory.join("1.tar"), directory.join("2.tar")];
    const digests = [await writeOciArchive(image(first)), await writeOciArchive(image(second))].map(
      (each) => each.digest,
    );
    expect(digests[0]).toBe(digests[1]);
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
  });

  it("leads from the index by right digests to configuration and layers", async () => {
    await using directory = temporaryDirectory("oci");
    const { digest } = await writeOciArchive(image(directory.join("image.tar")));
    const file = directory.join("image.tar");
    const index = JSON.parse(member(file, "index.json").toString());
    expect(index.manifests[0].digest).toBe(digest);
    expect(index.manifests[0].annotations["io.containerd.image.name"]).toBe("localhost/test/program:1");
    const manifest = JSON.parse(blob(file, digest).toString());
    const config = JSON.parse(blob(file, manifest.config.digest).toString());
    expect(config).toMatchObject({
      architecture: "arm64",
      os: "linux",
      config: { Entrypoint: ["/program"], Env: ["A=b"], User: "65532" },
    });
    const layers = manifest.layers.map((layer: { digest: string }) => layer.digest);
    expect(config.rootfs.diff_ids).toEqual(layers);
    expect(layers.map((layer: string) => blob(file, layer).length)).toEqual([2048, 1536]);
  });

  it("leaves nothing but the archive", async () => {
    await using directory = temporaryDirectory("oci");
    await writeOciArchive(image(directory.join("image.tar")));
    expect(readdirSync(directory.path)).toEqual(["image.tar"]);
  });
});
