import { describe, expect, it } from "vitest";
import { apiServerCommand } from "../control-plane/daemons.ts";
import { kubeProxyConfiguration } from "../network/kube-proxy.ts";
import { containerdConfiguration, podNetworkConfiguration } from "./containerd.ts";
import { kubeletConfiguration } from "./kubelet.ts";

describe("a node's configuration", () => {
  it("lets nobody into the kubelet unasked", () => {
    expect(kubeletConfiguration({ authorityCertificate: "/ca", certificate: "/crt", key: "/key" })).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: "/ca" } },
      authorization: { mode: "Webhook" },
      tlsCertFile: "/crt",
      tlsPrivateKeyFile: "/key",
    });
  });

  it("lowers no score and sets nothing for the whole kernel", () => {
    expect(kubeProxyConfiguration("node-1", "/k")).toMatchObject({
      oomScoreAdj: 0,
      conntrack: { maxPerCore: 0, min: 0 },
    });
    expect(containerdConfiguration("pause")).toContain("restrict_oom_score_adj = true");
  });

  it("gives pods addresses of the node's own network", () => {
    expect(podNetworkConfiguration("10.244.7.0/24")).toMatchObject({
      plugins: [{ type: "ptp", ipam: { ranges: [[{ subnet: "10.244.7.0/24" }]] } }, { type: "portmap" }],
    });
  });
});

describe("the API server", () => {
  it("authorises nodes and roles, and nothing else", () => {
    expect(apiServerCommand()).toEqual(
      expect.arrayContaining(["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"]),
    );
  });
});
