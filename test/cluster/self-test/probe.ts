import { writeOciArchive } from "../images/oci-archive.ts";
import type { TarEntry } from "../images/tar.ts";

export const PROBE_IMAGE = "localhost/niphas-cluster/probe:1";
export const PROBE_PORT = 8080;
export const PROBE_SERVICE = "probe";

const EXECUTABLE = 0o755;
const APPLETS = ["cat", "echo", "hostname", "httpd", "nslookup", "sh", "sleep", "wget"];
/** busybox's httpd tells CGI programs who asks. */
const ANSWER = '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n%s %s\\n" "$(hostname)" "$REMOTE_ADDR"\n';

/** Name of the web server's pod on a node. */
export function probePod(node: string): string {
  return `probe-${node}`;
}

/** An image with busybox and a web page that says which pod answers whom. */
export async function probeImage(file: string, busybox: string): Promise<string> {
  const layer: readonly TarEntry[] = [
    { type: "directory", path: "bin" },
    { type: "file", path: "bin/busybox", mode: EXECUTABLE, source: busybox },
    ...APPLETS.map((name): TarEntry => ({ type: "symlink", path: `bin/${name}`, target: "busybox" })),
    { type: "directory", path: "www" },
    { type: "directory", path: "www/cgi-bin" },
    { type: "file", path: "www/cgi-bin/answer", mode: EXECUTABLE, content: ANSWER },
  ];
  const config = {
    entrypoint: ["/bin/httpd", "-f", "-v", "-p", String(PROBE_PORT), "-h", "/www"],
    environment: ["PATH=/bin"],
  };
  await writeOciArchive({ file, reference: PROBE_IMAGE, layers: [layer], config });
  return file;
}

/** A pod on each node and a Service over all. */
export function probeObjects(nodes: readonly string[]): readonly object[] {
  const labels = { app: PROBE_SERVICE };
  const port = { port: PROBE_PORT };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: PROBE_SERVICE },
    spec: { selector: labels, ports: [port] },
  };
  return [service, ...nodes.map((node) => podOn(node, labels))];
}

/** A pod whose root is nobody on the node; on any node. */
export function userNamespacePod(name: string): object {
  const spec = { hostUsers: false, containers: [probeContainer()], terminationGracePeriodSeconds: 0 };
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

function probeContainer(): object {
  const httpGet = { path: "/cgi-bin/answer", port: PROBE_PORT };
  return {
    name: "probe",
    image: PROBE_IMAGE,
    imagePullPolicy: "Never",
    readinessProbe: { httpGet, periodSeconds: 1 },
  };
}

function podOn(nodeName: string, labels: object): object {
  const spec = { nodeName, containers: [probeContainer()], terminationGracePeriodSeconds: 0 };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: probePod(nodeName), labels }, spec };
}
