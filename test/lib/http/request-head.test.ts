import { expect } from "chai";
import { RequestHeadParser } from "../../../lib/http/request-head.ts";
import type { HeadFacts } from "../../support/plain-request-head.ts";
import { host, reads, refuses, usualLimits, withFields } from "../../support/request-heads.ts";

function readsTarget(title: string, method: string, target: string, targetForm: HeadFacts["targetForm"]): void {
  reads(`${title}: ${target}`, `${method} ${target} HTTP/1.1\r\n${host}\r\n`, { method, target, targetForm });
}

function refusesTarget(title: string, method: string, target: string): void {
  refuses(`${title}: ${JSON.stringify(target)}`, `${method} ${target} HTTP/1.1\r\n${host}\r\n`, "ERR_TURNOUT_TARGET");
}

describe("RequestHeadParser", () => {
  describe("RFC 9112 section 2.2: message parsing", () => {
    reads("a head", `GET /hello HTTP/1.1\r\n${host}\r\n`, {
      method: "GET",
      target: "/hello",
      targetForm: "origin",
      minorVersion: 1,
      contentLength: 0,
      keepAlive: true,
      close: false,
      hasUpgradeField: false,
      wantsUpgrade: false,
      expectContinue: false,
      fields: [["Host", "example.org"]],
    });
    reads("an empty line before the request line is skipped", `\r\nGET / HTTP/1.1\r\n${host}\r\n`, { method: "GET" });
    reads("several empty lines before, too", `\r\n\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`, { method: "GET" });

    it("an empty line is no begun head, half a method is one", () => {
      const parser = new RequestHeadParser(usualLimits);
      expect(parser.begun).to.equal(false);
      for (const piece of ["\r", "\n", "\r\n\r"]) {
        expect(parser.read(Buffer.from(piece), 0)).to.equal(-1);
      }
      expect(parser.begun).to.equal(false);
      expect(parser.read(Buffer.from("\nGE"), 0)).to.equal(-1);
      expect(parser.begun).to.equal(true);
      expect(parser.read(Buffer.from(`T / HTTP/1.1\r\n${host}\r\n`), 0)).to.be.above(0);
      expect(parser.begun).to.equal(false);
    });

    for (const [where, head] of [
      ["before the request line", "\nGET / HTTP/1.1\r\n"],
      ["in the method", "GE\nT / HTTP/1.1\r\n"],
      ["in the target", "GET /\n HTTP/1.1\r\n"],
      ["before the version", "GET / \nHTTP/1.1\r\n"],
      ["in the version", "GET / HTTP/\n1.1\r\n"],
      ["behind the request line", "GET / HTTP/1.1\nHost: a\r\n"],
      ["in a field name", "GET / HTTP/1.1\r\nHo\nst: a\r\n"],
      ["at the start of a field line", "GET / HTTP/1.1\r\n\nHost: a\r\n"],
      ["behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
    ] as const) {
      refuses(`a bare LF ${where}`, head, "ERR_TURNOUT_LINE_END");
      refuses(`a bare CR ${where}`, head.replace(/(?<!\r)\n/, "\r"), "ERR_TURNOUT_LINE_END");
    }
    refuses("a bare CR instead of the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\rGET", "ERR_TURNOUT_LINE_END");
    refuses("white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "ERR_TURNOUT_FIELD_FOLDED");
  });

  describe("RFC 9112 section 2.3: HTTP version", () => {
    reads("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", { minorVersion: 0, keepAlive: false });
    reads("RFC 9110 section 2.5: a higher minor version", `GET / HTTP/1.7\r\n${host}\r\n`, {
      minorVersion: 7,
      keepAlive: true,
    });
    for (const version of ["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"]) {
      refuses(`another major version, ${version}`, `GET / ${version}\r\n\r\n`, "ERR_TURNOUT_VERSION_UNSUPPORTED");
    }
    for (const version of [
      "http/1.1",
      "HTTP/1.10",
      "HTTP/11.1",
      "HTTP/1,1",
      "HTTP/1.x",
      "HTTP/x.1",
      "HTTQ/1.1",
      "HTTP/1.1 ",
      "",
      "HTTP/1.",
      " HTTP/1.1",
    ]) {
      refuses(`malformed: ${JSON.stringify(version)}`, `GET / ${version}\r\n\r\n`, "ERR_TURNOUT_VERSION");
    }
    refuses("none, as in HTTP/0.9", "GET /\r\n", "ERR_TURNOUT_VERSION");
  });

  describe("RFC 9110 section 9.1: method", () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]) {
      reads(method, `${method} / HTTP/1.1\r\n${host}\r\n`, { method });
    }
    reads("any token", `!#$%&'*+-.^_\`|~09azAZ / HTTP/1.1\r\n${host}\r\n`, { method: "!#$%&'*+-.^_`|~09azAZ" });
    reads("is case-sensitive", `connect / HTTP/1.1\r\n${host}\r\n`, { method: "connect", targetForm: "origin" });
    for (const method of ["", "G T", "\tGET", "G(T", "G\xc9T", "GET\0", "GET:"]) {
      const code = method === "G T" ? "ERR_TURNOUT_TARGET" : "ERR_TURNOUT_METHOD";
      refuses(`no token: ${JSON.stringify(method)}`, `${method} / HTTP/1.1\r\n${host}\r\n`, code);
    }
    refuses("alone on its line", "GET\r\n", "ERR_TURNOUT_METHOD");
  });

  describe("RFC 9112 section 3.2: request target", () => {
    readsTarget("3.2.1 origin-form", "GET", "/", "origin");
    readsTarget("3.2.1 origin-form, every pchar", "GET", "/az09-._~!$&'()*+,;=:@//%2f%E4/", "origin");
    readsTarget("3.2.1 origin-form, query", "GET", "/p?a=b&c=d/?:@", "origin");
    readsTarget("what browsers leave as it is in a query", "GET", "/p?[]{}|\\^`%&%zz&100%", "origin");
    readsTarget("3.2.2 absolute-form", "GET", "http://example.org:80/a%20b?c", "absolute");
    readsTarget("3.2.2 absolute-form without a path", "GET", "https://[2001:db8::1]", "absolute");
    readsTarget("3.2.2 absolute-form, empty path and a query", "GET", "http://a?b", "absolute");
    readsTarget("3.2.2 absolute-form of another scheme", "GET", "Web+x-1.0://a/b", "absolute");
    readsTarget("3.2.4 asterisk-form", "OPTIONS", "*", "asterisk");
    refusesTarget("3.2.4 asterisk-form is for OPTIONS", "GET", "*");
    refusesTarget("3.2.4 asterisk-form, and more", "OPTIONS", "*/");
    refusesTarget("3.2.3 authority-form is for CONNECT", "GET", "example.org:443");
    for (const target of [
      "/",
      "*",
      "example.org",
      "example.org:",
      "example.org:0",
      "example.org:65536",
      ":443",
      "http://a:1/",
      "u@a:1",
      "[::1]",
      "a:1:2",
      "a:x",
    ]) {
      refusesTarget("3.2.3 CONNECT takes host and port", "CONNECT", target);
    }
    for (const target of [
      "a",
      "a/b",
      "?a",
      "1http://a",
      "http:/a",
      "http:a",
      "http//a",
      "http://",
      "http:///a",
      "http://u@a/",
      "http://u:p@a/",
      "http://a:b/",
      "http://a:65536/",
      "http://a/[",
      "http://a%2/",
      "http://:80/",
      "://a",
    ]) {
      refusesTarget("of no form", "GET", target);
    }
    for (const target of [
      "/#",
      "/a#b",
      "/?#",
      '/"',
      "/?<",
      "/?>",
      "/\t",
      "/\x7f",
      "/\x00",
      "/\xe4",
      "/?\x80",
      "/[",
      "/]",
      "/{",
      "/|",
      "/\\",
      "/^",
      "/`",
      "/%",
      "/%2",
      "/%2g",
      "/%g2",
      "/%?a",
      "http://a/#",
    ]) {
      refusesTarget("RFC 3986 section 3.3: a byte that may not stand there", "GET", target);
    }
    refuses("empty", `GET  HTTP/1.1\r\n${host}\r\n`, "ERR_TURNOUT_TARGET");
    refuses("two spaces behind it", `GET /  HTTP/1.1\r\n${host}\r\n`, "ERR_TURNOUT_VERSION");
    refuses(
      "RFC 9110 section 9.3.6: CONNECT is not implemented",
      "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
      "ERR_TURNOUT_CONNECT",
    );
    refuses("CONNECT to an IPv6 address, neither", "CONNECT [::1]:1 HTTP/1.1\r\nHost:\r\n\r\n", "ERR_TURNOUT_CONNECT");
  });

  describe("RFC 9112 section 5: field syntax", () => {
    reads("names as sent, values without white space around", withFields(["a:b", "A-B:\t c \t", "c:", "d: \t "]), {
      fields: [
        ["Host", "example.org"],
        ["a", "b"],
        ["A-B", "c"],
        ["c", ""],
        ["d", ""],
      ],
    });
    reads("RFC 9110 section 5.5: every byte of a value", withFields(["a: !~\t \x80\xff:\xfe\x80\xff z"]), {
      fields: [
        ["Host", "example.org"],
        ["a", "!~\t \x80\xff:\xfe\x80\xff z"],
      ],
    });
    reads("RFC 9110 section 5.6.2: every byte of a name", withFields(["!#$%&'*+-.^_`|~09azAZ: a"]), {
      fields: [
        ["Host", "example.org"],
        ["!#$%&'*+-.^_`|~09azAZ", "a"],
      ],
    });
    reads(
      "names that only look like those that decide",
      withFields([
        "Content-Lengtt: x",
        `Host${"-".repeat(32)}: x`,
        `Connection${"-".repeat(32)}: close`,
        "Content_Length: x",
        "Transfer-Encodinh: x",
        "Transfer-Encodong: x",
        "Transfer_Encoding: x",
        "Tranzfer-Encoding: x",
        "Upgrode: x",
        "Connectjon: x",
        "Connectiom: x",
        "Expecd: x",
        "Exqect: x",
        "Hosu: x",
        "Content-Kength: x",
        "ContenT-Length-: x",
        "Connection-: close",
        "Transfer-Xncoding: x",
      ]),
      {
        contentLength: 0,
        keepAlive: true,
        hasUpgradeField: false,
        expectContinue: false,
      },
    );
    for (const name of ["a ", "a\t", "", " ", "a b", "(a", "a\xe4", "a\0", "a/", "@"]) {
      const code = name.startsWith(" ") ? "ERR_TURNOUT_FIELD_FOLDED" : "ERR_TURNOUT_FIELD_NAME";
      refuses(`5.1 name ${JSON.stringify(name)}`, `GET / HTTP/1.1\r\n${host}${name}: b\r\n\r\n`, code);
    }
    refuses("5.1 a line without a colon", withFields(["a"]), "ERR_TURNOUT_FIELD_NAME");
    refuses("5.2 a folded field, SP", withFields(["a: b", " c"]), "ERR_TURNOUT_FIELD_FOLDED");
    refuses("5.2 a folded field, HTAB", withFields(["a: b", "\tc: d"]), "ERR_TURNOUT_FIELD_FOLDED");
    for (const byte of ["\0", "\x01", "\x08", "\x0b", "\x1f", "\x7f"]) {
      for (const text of [byte, `a${byte}`, `abc${byte}def`, `${byte}a\xff`]) {
        refuses(`RFC 9110 section 5.5: ${JSON.stringify(text)}`, withFields([`a: ${text}`]), "ERR_TURNOUT_FIELD_VALUE");
      }
    }
  });

  describe("several faults", () => {
    refuses("the first one in the order of bytes decides", "GET /# HTTP/2.0\r\na b\r\n", "ERR_TURNOUT_TARGET");
    refuses("a bad byte goes before what the head means", "GET / HTTP/1.1\r\na: \0\r\n\r\n", "ERR_TURNOUT_FIELD_VALUE");
    refuses("Host goes before CONNECT", "CONNECT a:1 HTTP/1.1\r\n\r\n", "ERR_TURNOUT_HOST");
    refuses("Host goes before framing", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "ERR_TURNOUT_HOST");
    refuses("framing goes before Expect", withFields(["Expect: x", "Content-Length: x"]), "ERR_TURNOUT_CONTENT_LENGTH");
  });
});
