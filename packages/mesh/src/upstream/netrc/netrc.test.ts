import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { netrcLogin, parseNetrc } from "./netrc.ts";

const login = (text: string, host: string) => netrcLogin(parseNetrc(text), host);

describe("a netrc file", () => {
  it("gives the login of the first entry for the host, whatever the case of its name", () => {
    const text = "machine a.example login ann password one\nmachine B.example\n\tlogin bob\n\tpassword two\n";
    expect(login(text, "a.example")).toEqual({ user: "ann", password: "one" });
    expect(login(text, "b.example")).toEqual({ user: "bob", password: "two" });
    expect(login(text, "c.example")).toBeUndefined();
  });

  it("may have a default for all other hosts, where it stands", () => {
    const text = "machine a login x password 1 default login any password 2 machine b login y password 3";
    expect(login(text, "a")?.password).toBe("1");
    expect(login(text, "z")?.password).toBe("2");
    expect(login(text, "b")?.password).toBe("2");
  });

  it("quotes words with blanks and escapes", () => {
    expect(login('machine a login "a b" password "q\\"\\\\\\n\\t#"', "a")).toEqual({
      user: "a b",
      password: 'q"\\\n\t#',
    });
  });

  it("has comments on lines of their own; elsewhere # is a character like others", () => {
    expect(login("# machine a password no\nmachine a password p#q\n", "a")).toEqual({ user: "", password: "p#q" });
  });

  it("has macros, which end at an empty line and are passed over", () => {
    const text = "machine a login x\npassword 1\nmacdef init\nmachine b password no\ncd /\n\nmachine b password 2\n";
    expect(login(text, "a")?.password).toBe("1");
    expect(login(text, "b")?.password).toBe("2");
  });

  it("passes over an account and an entry without a password", () => {
    expect(login("machine a login x\nmachine a login y account password password z", "a")).toEqual({
      user: "y",
      password: "z",
    });
  });
});

describe("reading any netrc file", () => {
  const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/[\r\n]/.test(text));
  const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;

  it("finds what was written, quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ machine: word, login: word, password: word })), (entries) => {
        const lines = entries.map(
          (each) => `machine ${quoted(each.machine)}\nlogin ${quoted(each.login)} password ${quoted(each.password)}\n`,
        );
        expect(parseNetrc(lines.join(""))).toEqual(entries);
      }),
    );
  });

  it("never throws", () => {
    const pieces = fc.constantFrom(
      "machine",
      "login",
      "password",
      "default",
      "macdef",
      "account",
      '"',
      "\\",
      " ",
      "\n",
      "#",
      "a",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        netrcLogin(parseNetrc(parts.join("")), "a");
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseNetrc(text)));
  });
});
