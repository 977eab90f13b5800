/** SPDX 2.3 in JSON: https://spdx.github.io/spdx-spec/v2.3/ and its schema in https://github.com/spdx/spdx-spec */
import { createHash } from "node:crypto";
import type { Component } from "./component.ts";

export interface SpdxDocument {
  readonly spdxVersion: "SPDX-2.3";
  readonly dataLicense: "CC0-1.0";
  readonly SPDXID: "SPDXRef-DOCUMENT";
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly SpdxRelationship[];
}

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly supplier?: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: false;
  readonly licenseConcluded: string;
  readonly licenseDeclared: string;
  readonly copyrightText: string;
  readonly checksums?: readonly { readonly algorithm: "SHA256" | "SHA512"; readonly checksumValue: string }[];
  readonly externalRefs?: readonly SpdxExternalReference[];
  readonly primaryPackagePurpose?: "CONTAINER" | "APPLICATION" | "LIBRARY";
}

export interface SpdxExternalReference {
  readonly referenceCategory: "PACKAGE-MANAGER" | "SECURITY";
  readonly referenceType: "purl" | "cpe23Type";
  readonly referenceLocator: string;
}

export interface SpdxRelationship {
  readonly spdxElementId: string;
  readonly relationshipType: "DESCRIBES" | "CONTAINS";
  readonly relatedSpdxElement: string;
}

export interface DescribedImage {
  /** `localhost/niphas/node:0.1.0` */
  readonly reference: string;
  /** `sha256:…` */
  readonly digest: string;
  readonly architecture: string;
  readonly version: string;
  /** SPDX expression of the project itself. */
  readonly license: string;
  /** Seconds since 1970. */
  readonly epoch: string;
}

const IMAGE_ID = "SPDXRef-image";
const UNKNOWN = "NOASSERTION";

/** The SBOM of an image. The same image gives the same bytes. */
export function spdxDocument(image: DescribedImage, components: readonly Component[]): SpdxDocument {
  const packages = components.map(componentPackage);
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: image.reference,
    documentNamespace: `urn:uuid:${uuidOf(`${image.reference}@${image.digest}`)}`,
    creationInfo: {
      created: new Date(Number(image.epoch) * 1000).toISOString().replace(".000Z", "Z"),
      creators: [`Tool: niphas-images-${image.version}`],
    },
    packages: [imagePackage(image), ...packages],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: IMAGE_ID },
      ...packages.map((each) => contains(each.SPDXID)),
    ],
  };
}

function imagePackage(image: DescribedImage): SpdxPackage {
  const colon = image.reference.lastIndexOf(":");
  const [name, tag] = [image.reference.slice(0, colon), image.reference.slice(colon + 1)];
  const qualifiers = new URLSearchParams({ arch: image.architecture, repository_url: name, tag });
  const shortName = name.slice(name.lastIndexOf("/") + 1);
  return {
    SPDXID: IMAGE_ID,
    name,
    versionInfo: image.version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: image.license,
    copyrightText: UNKNOWN,
    checksums: [{ algorithm: "SHA256", checksumValue: image.digest.replace("sha256:", "") }],
    externalRefs: [purlReference(`pkg:oci/${shortName}@${encodeURIComponent(image.digest)}?${qualifiers}`)],
    primaryPackagePurpose: "CONTAINER",
  };
}

function componentPackage(component: Component): SpdxPackage {
  const { name, version, supplier, license, sha512Hex, cpe } = component;
  return {
    SPDXID: `SPDXRef-${identifierPart(component.purl)}`,
    name,
    versionInfo: version,
    ...(supplier === undefined ? {} : { supplier }),
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: license ?? UNKNOWN,
    copyrightText: UNKNOWN,
    ...(sha512Hex === undefined ? {} : { checksums: [{ algorithm: "SHA512", checksumValue: sha512Hex }] }),
    externalRefs: [purlReference(component.purl), ...(cpe === undefined ? [] : [cpeReference(cpe)])],
  };
}

/** Identifiers hold letters, digits, `.` and `-` only; the hash keeps two apart that differ elsewhere. */
function identifierPart(purl: string): string {
  const readable = purl
    .replace(/^pkg:/, "")
    .replace(/\?.*$/, "")
    .replace(/[^A-Za-z0-9.]+/g, "-");
  return `${readable}-${createHash("sha256").update(purl).digest("hex").slice(0, 8)}`;
}

function contains(id: string): SpdxRelationship {
  return { spdxElementId: IMAGE_ID, relationshipType: "CONTAINS", relatedSpdxElement: id };
}

function purlReference(purl: string): SpdxExternalReference {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl };
}

function cpeReference(cpe: string): SpdxExternalReference {
  return { referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: cpe };
}

/** A UUID of version 8 (RFC 9562): made of a hash, so that it is the same each time. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return [...groups, hex.slice(20, 32)].join("-");
}
