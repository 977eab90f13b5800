import { readFileSync, writeFileSync } from "node:fs";
import type { Pki } from "./authority.ts";

export interface KubeconfigInit {
  /** Also the name of its context. */
  readonly cluster: string;
  /** An https URL. */
  readonly server: string;
  readonly user: string;
  /** PEM, as all here. */
  readonly authorityCertificate: string;
  readonly certificate: string;
  readonly key: string;
}

/** A kubeconfig that needs no other file. JSON, which is YAML too. */
export function kubeconfig(init: KubeconfigInit): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const document = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: init.cluster,
        cluster: { server: init.server, "certificate-authority-data": base64(init.authorityCertificate) },
      },
    ],
    users: [
      {
        name: init.user,
        user: { "client-certificate-data": base64(init.certificate), "client-key-data": base64(init.key) },
      },
    ],
    contexts: [{ name: init.cluster, context: { cluster: init.cluster, user: init.user } }],
    "current-context": init.cluster,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export interface KubeconfigFileInit extends Pick<KubeconfigInit, "cluster" | "server"> {
  /** Where it is written. */
  readonly file: string;
  /** Of the certificate; names the user too. */
  readonly identity: string;
}

export function writeKubeconfig(pki: Pki, init: KubeconfigFileInit): void {
  const read = (file: string): string => readFileSync(file, "utf8");
  const text = kubeconfig({
    cluster: init.cluster,
    server: init.server,
    user: init.identity,
    authorityCertificate: read(pki.authorityCertificate),
    certificate: read(pki.certificate(init.identity)),
    key: read(pki.key(init.identity)),
  });
  writeFileSync(init.file, text, { mode: 0o600 });
}
