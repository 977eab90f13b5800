import { describe, expect, it } from "vitest";
import { certificateRequests } from "./certificate-requests.ts";
import { authorityConfiguration, certificateConfiguration } from "./openssl-configuration.ts";

function request(name: string, nodes = 2) {
  return certificateRequests(nodes).find((each) => each.name === name);
}

describe("certificateRequests", () => {
  it("gives each component the user and group that Kubernetes authorises", () => {
    const subjects = certificateRequests(1).map((each) => [each.name, each.commonName, each.organisation ?? ""]);
    expect(subjects).toEqual([
      ["apiserver", "kube-apiserver", ""],
      ["etcd", "etcd", ""],
      ["apiserver-etcd-client", "kube-apiserver-etcd-client", ""],
      ["apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"],
      ["front-proxy-client", "front-proxy-client", ""],
      ["admin", "kubernetes-admin", "system:masters"],
      ["controller-manager", "system:kube-controller-manager", ""],
      ["scheduler", "system:kube-scheduler", ""],
      ["kube-proxy", "system:kube-proxy", ""],
      ["node-1", "system:node:node-1", "system:nodes"],
      ["node-1-server", "system:node:node-1", "system:nodes"],
    ]);
  });

  it("names every way to the API server", () => {
    expect(request("apiserver")?.alternativeNames).toEqual(
      expect.arrayContaining([
        "IP:127.0.0.1",
        "IP:172.30.0.1",
        "IP:10.96.0.1",
        "DNS:kubernetes.default.svc.cluster.local",
      ]),
    );
  });

  it("names a node by name and address", () => {
    expect(request("node-2-server")?.alternativeNames).toEqual(["DNS:node-2", "IP:172.30.0.12"]);
  });

  it("gives no certificate both usages", () => {
    expect(certificateRequests(3).every((each) => each.usages.length === 1)).toBe(true);
  });
});

describe("certificateConfiguration", () => {
  it("is what openssl reads", () => {
    const node = request("node-1-server");
    expect(node && certificateConfiguration(node)).toBe(
      [
        "[req]",
        "prompt = no",
        "distinguished_name = subject",
        "x509_extensions = extensions",
        "[subject]",
        "O = system:nodes",
        "CN = system:node:node-1",
        "[extensions]",
        "basicConstraints = critical,CA:FALSE",
        "keyUsage = critical,digitalSignature",
        "extendedKeyUsage = serverAuth",
        "authorityKeyIdentifier = keyid",
        "subjectAltName = DNS:node-1,IP:172.30.0.11",
        "",
      ].join("\n"),
    );
  });

  it("lets only the authority sign certificates", () => {
    expect(authorityConfiguration("kubernetes")).toContain("CA:TRUE");
    expect(certificateRequests(2).map(certificateConfiguration).join()).not.toContain("CA:TRUE");
  });
});
