import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { openArchive } from "./archive.ts";
import { packArchive } from "./pack-archive.ts";

const signal = new AbortController().signal;
const CONFIG = {
  architecture: "arm64",
  config: { Labels: { title: "an image" } },
  history: [{ created_by: "COPY", comment: "FROM 519bb63397da" }],
};
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** Writes a file under its SHA-256, as the `dir` layout has blobs. */
function addBlob(directory: string, content: Buffer | string, mediaType: string) {
  const hex = createHash("sha256").update(content).digest("hex");
  writeFileSync(join(directory, hex), content);
  return { mediaType, digest: `sha256:${hex}`, size: content.length };
}

function layerOf(directory: string, files: Record<string, string>): Buffer {
  const tree = join(directory, "tree");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(tree, name, ".."), { recursive: true });
    writeFileSync(join(tree, name), content);
  }
  // Written twice, at two times: without a fixed time they are two layers whenever a second ends in between.
  return execFileSync("tar", ["--create", "--mtime=@0", "--directory", tree, ...Object.keys(files)]);
}

/** An image of two layers in the `dir` layout. */
function writeImage(directory: string, scratch: string): void {
  mkdirSync(directory);
  const config = addBlob(directory, JSON.stringify(CONFIG), "application/vnd.oci.image.config.v1+json");
  const layers = [
    layerOf(join(scratch, "one"), { "etc/name": "old", "usr/bin/tool": "x" }),
    layerOf(join(scratch, "two"), { "etc/name": "new" }),
  ].map((layer) => addBlob(directory, layer, LAYER));
  writeFileSync(join(directory, "version"), "Directory Transport Version: 1.1\n");
  writeFileSync(join(directory, "manifest.json"), JSON.stringify({ schemaVersion: 2, config, layers }));
}

async function packedImage(scratch: string, name: string): Promise<string> {
  const [directory, file] = [join(scratch, name), join(scratch, `${name}.tar`)];
  writeImage(directory, scratch);
  await packArchive(
    directory,
    { reference: "localhost/niphas/node:0.1.0", file, labels: { version: "0.1.0" } },
    signal,
  );
  return file;
}

describe("OCI archives", () => {
  it("hold the image under its name, which containerd reads from the index", async () => {
    await using scratch = temporaryDirectory("archive");
    const file = await packedImage(scratch.path, "image");
    const index = JSON.parse(
      execFileSync("tar", ["--extract", "--to-stdout", "--file", file, "index.json"], { encoding: "utf8" }),
    );
    expect(index.manifests).toHaveLength(1);
    expect(index.manifests[0].annotations).toEqual({
      "org.opencontainers.image.ref.name": "localhost/niphas/node:0.1.0",
    });
  });

  it("are the same bytes for the same image", async () => {
    await using scratch = temporaryDirectory("archive");
    const [one, other] = [await packedImage(scratch.path, "one-image"), await packedImage(scratch.path, "other-image")];
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  it("are opened with those files that are asked for, as the upper layer has them", async () => {
    await using scratch = temporaryDirectory("archive");
    const file = await packedImage(scratch.path, "image");
    await using archive = await openArchive(file, ["etc/*", "not/there"], signal);
    expect(archive.architectures).toEqual(["arm64"]);
    expect(archive.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(readFileSync(join(archive.root, "etc/name"), "utf8")).toBe("new");
    expect(existsSync(join(archive.root, "usr"))).toBe(false);
  });

  it("have the labels that were asked for beside their own, and name no layer of a cache", async () => {
    await using scratch = temporaryDirectory("archive");
    const file = await packedImage(scratch.path, "image");
    await using archive = await openArchive(file, [], signal);
    expect(archive.config.Labels).toEqual({ title: "an image", version: "0.1.0" });
    expect(readFileSync(file, "latin1")).not.toContain("519bb63397da");
  });

  it("leave nothing behind when they are closed, or cannot be read", async () => {
    await using scratch = temporaryDirectory("archive");
    const archive = await openArchive(await packedImage(scratch.path, "image"), ["etc/*"], signal);
    await archive[Symbol.asyncDispose]();
    expect(existsSync(archive.root)).toBe(false);
    await expect(openArchive(join(scratch.path, "none.tar"), [], signal)).rejects.toThrow("tar --extract ended with");
  });
});
