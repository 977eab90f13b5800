import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import { CA_NAME, certificateRequests } from "./certificate-requests.ts";
import { authorityConfiguration, certificateConfiguration } from "./openssl-configuration.ts";

const VALID_DAYS = "3650";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** The files of a cluster's certificates and keys, PEM all. */
export interface Pki {
  certificate(name: string): string;
  key(name: string): string;
  readonly authorityCertificate: string;
  readonly authorityKey: string;
  /** Signs the tokens of service accounts. */
  readonly tokenKey: string;
  readonly tokenPublicKey: string;
}

export function pkiFiles(directory: string): Pki {
  return {
    certificate: (name) => join(directory, `${name}.crt`),
    key: (name) => join(directory, `${name}.key`),
    authorityCertificate: join(directory, `${CA_NAME}.crt`),
    authorityKey: join(directory, `${CA_NAME}.key`),
    tokenKey: join(directory, "service-account.key"),
    tokenPublicKey: join(directory, "service-account.pub"),
  };
}

/** Makes one authority and a certificate of it for each part of a cluster. */
export async function createPki(directory: string, nodes: number, signal?: AbortSignal): Promise<Pki> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pki = pkiFiles(directory);
  writeTokenKeys(pki);
  await request(directory, CA_NAME, authorityConfiguration("kubernetes"), [], signal);
  const issuer = ["-CA", pki.authorityCertificate, "-CAkey", pki.authorityKey];
  await Promise.all(
    certificateRequests(nodes).map((each) =>
      request(directory, each.name, certificateConfiguration(each), issuer, signal),
    ),
  );
  return pki;
}

function writeTokenKeys(pki: Pki): void {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  writeFileSync(pki.tokenKey, privateKey, { mode: 0o600 });
  writeFileSync(pki.tokenPublicKey, publicKey);
}

async function request(
  directory: string,
  name: string,
  configuration: string,
  issuer: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const file = (extension: string): string => join(directory, `${name}.${extension}`);
  if (existsSync(file("crt"))) return;
  writeFileSync(file("cnf"), configuration);
  const output = ["-config", file("cnf"), "-keyout", file("key"), "-out", file("crt"), "-days", VALID_DAYS];
  const argv = ["openssl", "req", "-x509", ...NEW_KEY, ...issuer, ...output];
  await runCommand(argv, { signal });
}
