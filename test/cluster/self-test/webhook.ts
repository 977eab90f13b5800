import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { killGroup, runCommand } from "@niphas/testing";
import { CONTROL_ADDRESS } from "../network/addresses.ts";
import { NAMESPACE, type TestBed } from "./test-bed.ts";

export const WEBHOOK_NAME = "self-test.niphas.io";
const SERVICE = "webhook";
const SERVER_PROGRAM = join(import.meta.dirname, "webhook-server.ts");

/** A server in the control network that refuses ConfigMaps named `refused`, and a Service in front of it. */
export class AdmissionWebhook implements AsyncDisposable {
  readonly #bed: TestBed;
  readonly #server: ChildProcess;
  readonly #port: number;
  readonly #certificate: string;

  private constructor(bed: TestBed, server: ChildProcess, port: number, certificate: string) {
    this.#bed = bed;
    this.#server = server;
    this.#port = port;
    this.#certificate = certificate;
  }

  static async start(bed: TestBed): Promise<AdmissionWebhook> {
    const [certificate, key] = [bed.file("webhook.crt"), bed.file("webhook.key")];
    const subject = ["-subj", "/CN=webhook", "-addext", `subjectAltName=DNS:${SERVICE}.${NAMESPACE}.svc`];
    await runCommand([
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      ...subject,
      "-keyout",
      key,
      "-out",
      certificate,
    ]);
    const argv = bed.cluster.controlNetworkCommand([
      process.execPath,
      SERVER_PROGRAM,
      CONTROL_ADDRESS,
      certificate,
      key,
    ]);
    const [program = "", ...args] = argv;
    const server = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    const port = await firstNumber(server);
    return new AdmissionWebhook(bed, server, port, readFileSync(certificate, "utf8"));
  }

  objects(): readonly object[] {
    const port = { name: "https", port: 443, targetPort: this.#port };
    return [
      { apiVersion: "v1", kind: "Service", metadata: { name: SERVICE }, spec: { ports: [port] } },
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name: SERVICE, labels: { "kubernetes.io/service-name": SERVICE } },
        addressType: "IPv4",
        ports: [{ name: "https", port: this.#port }],
        endpoints: [{ addresses: [CONTROL_ADDRESS], conditions: { ready: true } }],
      },
      {
        // The API server of Kubernetes 1.33 looks only here.
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: SERVICE, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        subsets: [{ addresses: [{ ip: CONTROL_ADDRESS }], ports: [{ name: "https", port: this.#port }] }],
      },
      this.#registration(),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bed.kubectl(["delete", "validatingwebhookconfiguration", WEBHOOK_NAME, "--ignore-not-found"]);
    killGroup(this.#server, "SIGKILL");
  }

  #registration(): object {
    const rule = { apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE"] };
    return {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: WEBHOOK_NAME },
      webhooks: [
        {
          name: WEBHOOK_NAME,
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          rules: [rule],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } },
          clientConfig: {
            service: { namespace: NAMESPACE, name: SERVICE, port: 443 },
            caBundle: Buffer.from(this.#certificate).toString("base64"),
          },
        },
      ],
    };
  }
}

/** The server prints its port when it listens. */
async function firstNumber(server: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(Number(text)));
  server.once("error", reject).once("exit", () => reject(new Error("the webhook's server did not start")));
  return await promise;
}
