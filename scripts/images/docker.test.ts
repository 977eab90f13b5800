import { describe, expect, it } from "vitest";
import { dockerCommand } from "./docker.ts";
import { imageSpec } from "./image.ts";

const components = { repository: "/repository", epoch: "0", base: undefined };

function command(name: "node" | "stub", change: { base?: string; useCache?: boolean } = {}): string {
  const request = {
    image: imageSpec(name),
    reference: `localhost/niphas/${name}:0.1.0`,
    version: "0.1.0",
    revision: "unknown",
    file: `/out/${name}.tar`,
    useCache: change.useCache ?? true,
  };
  return dockerCommand({ ...components, base: change.base }, request, ["--output", "type=oci"]).join(" ");
}

describe("Docker's command line", () => {
  it("builds an image from its Dockerfile, with the repository as its context", () => {
    expect(command("node")).toBe(
      "docker buildx build --provenance=false --sbom=false --build-arg SOURCE_DATE_EPOCH=0" +
        " --label org.opencontainers.image.version=0.1.0 --label org.opencontainers.image.revision=unknown --file /repository/deploy/node/Dockerfile --output type=oci /repository",
    );
  });

  it("builds the stub for both architectures", () => {
    expect(command("stub")).toContain(" --platform linux/amd64,linux/arm64 ");
  });

  it("takes another base image, and no cache", () => {
    expect(command("node", { base: "registry.example/debian@sha256:1" })).toContain(
      " --build-arg BASE=registry.example/debian@sha256:1 ",
    );
    expect(command("node", { useCache: false })).toContain(" --no-cache ");
  });
});
