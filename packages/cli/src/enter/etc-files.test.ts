import { describe, expect, it } from "vitest";
import { type EtcInput, etcFiles } from "./etc-files.ts";

const user: EtcInput = {
  uid: 1000,
  gid: 100,
  userName: "me",
  homeDir: "/tmp",
  hostName: "laptop",
  resolvConf: "nameserver 192.0.2.1\n",
  hosts: undefined,
};

function contents(input: EtcInput) {
  const files = new Map(etcFiles(input).map((file) => [file.name, file.content]));
  return (name: string): string => files.get(name) ?? "no such file";
}

describe("etcFiles", () => {
  it("makes exactly the files of a small image", () => {
    const names = etcFiles(user).map((file) => file.name);
    expect(names.sort()).toEqual(["group", "hostname", "hosts", "nsswitch.conf", "passwd", "resolv.conf"]);
  });

  it("names root, the user and nobody", () => {
    expect(contents(user)("passwd").split("\n")).toEqual([
      "root:x:0:0:root:/tmp:/sbin/nologin",
      "me:x:1000:100:me:/tmp:/sbin/nologin",
      "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin",
      "",
    ]);
    expect(contents(user)("group")).toBe("root:x:0:\ntty:x:5:\nme:x:100:\nnogroup:x:65534:\n");
  });

  it("has one row for root and one for nobody when that is the user", () => {
    const root = contents({ ...user, uid: 0, gid: 0, userName: "root", homeDir: "/root" });
    expect(root("passwd")).toContain("root:x:0:0:root:/root:/sbin/nologin\nnobody");
    expect(root("group")).toBe("root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
    const nobody = contents({ ...user, uid: 65534, gid: 65534, userName: "nobody" })("passwd");
    expect(nobody.match(/65534:65534/g)).toHaveLength(1);
  });

  it("does not let a name break the format", () => {
    expect(contents({ ...user, userName: "a:b\nc" })("passwd")).toContain("user1000:x:1000:100:user1000:");
  });

  it("copies the host's resolver and hosts, with a default where it has none", () => {
    expect(contents(user)("resolv.conf")).toBe("nameserver 192.0.2.1\n");
    expect(contents(user)("hosts")).toContain("127.0.0.1\tlocalhost");
    expect(contents(user)("hostname")).toBe("laptop\n");
    const other = contents({ ...user, hosts: "x", resolvConf: undefined });
    expect([other("hosts"), other("resolv.conf")]).toEqual(["x", ""]);
  });
});
