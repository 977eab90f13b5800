import type { CertificateRequest } from "./certificate-requests.ts";

/** The configuration of `openssl req` for a certificate of the authority, https://docs.openssl.org/3.0/man1/openssl-req/ */
export function certificateConfiguration(request: CertificateRequest): string {
  const names = request.alternativeNames.join(",");
  return configuration(request, [
    "basicConstraints = critical,CA:FALSE",
    "keyUsage = critical,digitalSignature",
    `extendedKeyUsage = ${request.usages.join(",")}`,
    "authorityKeyIdentifier = keyid",
    ...(names === "" ? [] : [`subjectAltName = ${names}`]),
  ]);
}

/** The same for the authority itself. */
export function authorityConfiguration(commonName: string): string {
  return configuration({ commonName }, [
    "basicConstraints = critical,CA:TRUE",
    "keyUsage = critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier = hash",
  ]);
}

function configuration(subject: Pick<CertificateRequest, "commonName" | "organisation">, extensions: string[]): string {
  const organisation = subject.organisation === undefined ? [] : [`O = ${subject.organisation}`];
  return [
    "[req]",
    "prompt = no",
    "distinguished_name = subject",
    "x509_extensions = extensions",
    "[subject]",
    ...organisation,
    `CN = ${subject.commonName}`,
    "[extensions]",
    ...extensions,
    "",
  ].join("\n");
}
