import { describe, expect, it } from "vitest";
import type { Component } from "./component.ts";
import { type SpdxDocument, spdxDocument } from "./spdx.ts";
import { spdxProblems } from "./spdx-rules.ts";

const image = {
  reference: "localhost:5000/niphas/node:0.1.0",
  digest: `sha256:${"ab".repeat(32)}`,
  architecture: "amd64",
  version: "0.1.0",
  license: "Apache-2.0",
  epoch: "0",
};
const libc: Component = {
  name: "libc6",
  version: "2.43-7",
  purl: "pkg:deb/debian/libc6@2.43-7?arch=amd64",
  license: undefined,
  supplier: "Organization: Debian",
  sha512Hex: undefined,
  cpe: undefined,
};
const pino: Component = {
  name: "pino",
  version: "10.4.0",
  purl: "pkg:npm/pino@10.4.0",
  license: "MIT",
  supplier: undefined,
  sha512Hex: "cd".repeat(64),
  cpe: "cpe:2.3:a:pinojs:pino:10.4.0:*:*:*:*:*:*:*",
};

describe("an image's SBOM", () => {
  it("keeps the rules of SPDX 2.3, also for an image with nothing in it", () => {
    expect(spdxProblems(spdxDocument(image, [libc, pino]))).toEqual([]);
    expect(spdxProblems(spdxDocument(image, []))).toEqual([]);
  });

  it("describes the image by name, tag and digest, and says what it contains", () => {
    const document = spdxDocument(image, [libc, pino]);
    expect(document.packages[0]).toMatchObject({ name: "localhost:5000/niphas/node", versionInfo: "0.1.0" });
    expect(document.packages[0]?.externalRefs?.[0]?.referenceLocator).toBe(
      `pkg:oci/node@sha256%3A${"ab".repeat(32)}?arch=amd64&repository_url=localhost%3A5000%2Fniphas%2Fnode&tag=0.1.0`,
    );
    expect(document.relationships.map((each) => each.relationshipType)).toEqual(["DESCRIBES", "CONTAINS", "CONTAINS"]);
  });

  it("is the same each time, and another for another image", () => {
    const other = { ...image, digest: `sha256:${"cd".repeat(32)}` };
    expect(spdxDocument(image, [libc])).toEqual(spdxDocument(image, [libc]));
    expect(spdxDocument(other, []).documentNamespace).not.toBe(spdxDocument(image, []).documentNamespace);
    expect(spdxDocument(image, []).documentNamespace).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe("the rules of SPDX", () => {
  const valid = spdxDocument(image, [libc]);
  const withPackage = (change: Partial<SpdxDocument["packages"][number]>): SpdxDocument => ({
    ...valid,
    packages: valid.packages.map((each, index) => (index === 1 ? { ...each, ...change } : each)),
  });

  it.each<[string, SpdxDocument]>([
    ["created must be", { ...valid, creationInfo: { ...valid.creationInfo, created: "1970-01-01" } }],
    ["creator Somebody", { ...valid, creationInfo: { ...valid.creationInfo, creators: ["Somebody"] } }],
    ["documentNamespace must be", { ...valid, documentNamespace: "not a uri" }],
    ["the document describes nothing", { ...valid, relationships: valid.relationships.slice(1) }],
    ["belongs to nothing", { ...valid, relationships: valid.relationships.slice(0, 1) }],
    ["a relationship names SPDXRef-image", { ...valid, packages: valid.packages.slice(1) }],
    ["two elements have one SPDXID", withPackage({ SPDXID: "SPDXRef-image" })],
    ["SPDXID holds letters", withPackage({ SPDXID: "SPDXRef-a/b" })],
    ["versionInfo is empty", withPackage({ versionInfo: "" })],
    ["supplier must name its kind", withPackage({ supplier: "Debian" })],
    ["licenseDeclared is no expression", withPackage({ licenseDeclared: "SEE LICENSE" })],
    ["checksum is no SHA512", withPackage({ checksums: [{ algorithm: "SHA512", checksumValue: "ab" }] })],
    [
      "is no purl",
      withPackage({
        externalRefs: [
          { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: "deb/debian/libc6@2" },
        ],
      }),
    ],
  ])("find what is wrong: %s", (problem, document) => {
    expect(spdxProblems(document).join("\n")).toContain(problem);
  });
});
