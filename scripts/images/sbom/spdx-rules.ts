/** The rules of SPDX 2.3 and of its JSON schema for what our SBOMs use: https://spdx.github.io/spdx-spec/v2.3/ */
import { isLicenseExpression } from "./license-expression.ts";
import type { SpdxDocument, SpdxPackage } from "./spdx.ts";

const IDENTIFIER = /^SPDXRef-[A-Za-z0-9.-]+$/;
const CREATED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const CREATOR = /^(Tool|Organization|Person): ?\S.*$/;
const SUPPLIER = /^(NOASSERTION|(Organization|Person): \S.*)$/;
const PURL = /^pkg:[a-z][a-z0-9.+-]*\/[^\s?#]+@[^\s?#@]+(\?[^\s#]+)?$/;
const CPE = /^cpe:2\.3:[aho](:[^:\s]+){10}$/;
const CHECKSUM_LENGTHS: Readonly<Record<string, number>> = { SHA256: 64, SHA512: 128 };

/** Everything that breaks a rule, each with where it is; empty for a valid document. */
export function spdxProblems(document: SpdxDocument): string[] {
  const problems = [
    ...check(document.spdxVersion === "SPDX-2.3", "spdxVersion must be SPDX-2.3"),
    ...check(document.dataLicense === "CC0-1.0", "dataLicense must be CC0-1.0"),
    ...check(document.SPDXID === "SPDXRef-DOCUMENT", "SPDXID must be SPDXRef-DOCUMENT"),
    ...check(document.name !== "", "name is empty"),
    ...check(isNamespace(document.documentNamespace), "documentNamespace must be an absolute URI without #"),
    ...check(CREATED.test(document.creationInfo.created), "created must be YYYY-MM-DDThh:mm:ssZ"),
    ...check(document.creationInfo.creators.length > 0, "there must be a creator"),
    ...document.creationInfo.creators.flatMap((each) => check(CREATOR.test(each), `creator ${each}`)),
    ...document.packages.flatMap(packageProblems),
  ];
  return [...problems, ...referenceProblems(document)];
}

function packageProblems(each: SpdxPackage): string[] {
  const problems = [
    ...check(IDENTIFIER.test(each.SPDXID), "SPDXID holds letters, digits, . and - only"),
    ...check(each.name !== "", "name is empty"),
    ...check(each.versionInfo !== "", "versionInfo is empty"),
    ...check(each.downloadLocation !== "", "downloadLocation is empty"),
    ...check(each.supplier === undefined || SUPPLIER.test(each.supplier), "supplier must name its kind"),
    ...check(isLicenseExpression(each.licenseConcluded), "licenseConcluded is no expression"),
    ...check(isLicenseExpression(each.licenseDeclared), "licenseDeclared is no expression"),
    ...check(each.copyrightText !== "", "copyrightText is empty"),
    ...(each.checksums ?? []).flatMap(checksumProblems),
    ...(each.externalRefs ?? []).flatMap(externalReferenceProblems),
  ];
  return problems.map((problem) => `${each.SPDXID}: ${problem}`);
}

function checksumProblems({ algorithm, checksumValue }: NonNullable<SpdxPackage["checksums"]>[number]): string[] {
  const hasForm = /^[0-9a-f]+$/.test(checksumValue) && checksumValue.length === CHECKSUM_LENGTHS[algorithm];
  return check(hasForm, `checksum is no ${algorithm}`);
}

function externalReferenceProblems(reference: NonNullable<SpdxPackage["externalRefs"]>[number]): string[] {
  const isPurl = reference.referenceCategory === "PACKAGE-MANAGER" && reference.referenceType === "purl";
  const form = isPurl ? PURL : CPE;
  return check(form.test(reference.referenceLocator), `${reference.referenceLocator} is no ${reference.referenceType}`);
}

/** Identifiers are unique, relationships lead somewhere, and everything is in what the document describes. */
function referenceProblems(document: SpdxDocument): string[] {
  const ids = [document.SPDXID, ...document.packages.map((each) => each.SPDXID)];
  const known = new Set<string>(ids);
  const targets = document.relationships.map((each) => each.relatedSpdxElement);
  const ends = document.relationships.flatMap((each) => [each.spdxElementId, each.relatedSpdxElement]);
  return [
    ...check(known.size === ids.length, "two elements have one SPDXID"),
    ...ends.flatMap((id) => check(known.has(id), `a relationship names ${id}, which is not there`)),
    ...document.packages.flatMap(({ SPDXID }) => check(targets.includes(SPDXID), `${SPDXID} belongs to nothing`)),
    ...check(
      document.relationships.some((each) => each.relationshipType === "DESCRIBES"),
      "the document describes nothing",
    ),
  ];
}

function isNamespace(text: string): boolean {
  return URL.canParse(text) && !text.includes("#");
}

function check(holds: boolean, problem: string): string[] {
  return holds ? [] : [problem];
}
