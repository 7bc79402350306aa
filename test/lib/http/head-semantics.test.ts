import { host, reads, refuses, withFields } from "../../support/request-heads.ts";

function withHost(lines: string[], { target = "/", minor = 1 } = {}): string {
  return `GET ${target} HTTP/1.${minor}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

describe("what a request head means", () => {
  describe("RFC 9112 section 3.2: Host", () => {
    for (const value of [
      "a",
      "example.org",
      "example.org:8080",
      "a:",
      "a:0",
      "a:65535",
      "a:00080",
      "127.0.0.1:80",
      "-._~!$&'()*+,;=",
      "%41%e4",
      "999.1",
      "1.2.3.4.5",
    ]) {
      reads(`uri-host [ ":" port ]: ${value}`, withHost([`Host: ${value}`]), { fields: [["Host", value]] });
    }
    for (const address of [
      "::",
      "::1",
      "1::",
      "2001:db8::1",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7::",
      "::2:3:4:5:6:7:8",
      "ABCD:ef01::",
      "::ffff:1.2.3.4",
      "1:2:3:4:5:6:255.249.199.0",
      "::1.2.3.4",
    ]) {
      reads(`RFC 3986 section 3.2.2: [${address}]`, withHost([`hOST: [${address}]:80`]), { method: "GET" });
      reads(`RFC 3986 section 3.2.2: [${address}]`, withHost([`Host: [${address}]`]), { method: "GET" });
    }
    for (const address of [
      "",
      ":",
      ":::",
      "1",
      "1:",
      ":1",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "::1::",
      "12345::",
      "g::",
      "::1.2.3",
      "::1.2.3.4.5",
      "::1.2.3.256",
      "::01.2.3.4",
      "::1.2.3.",
      "::1..2.3",
      "::.1.2.3",
      "1.2.3.4",
      "::1.2.3.4:5",
      "1:2:3:4:5:6:7:1.2.3.4",
      "::1.2.3.a",
      "::1.2.3.1000",
      "::1%25eth0",
      "v1.a",
      "1:::2",
      "1::2::3",
    ]) {
      refuses(`RFC 3986 section 3.2.2: [${address}]`, withHost([`Host: [${address}]`]), "ERR_TURNOUT_HOST");
    }
    for (const value of [
      "",
      ":80",
      "a b",
      "a/b",
      "a?b",
      "a#b",
      "u@a",
      "a:b",
      "a:-1",
      "a:65536",
      "a:99999999999999999999",
      "a:1:2",
      "%4",
      "%4g",
      "%",
      "a%2",
      "\xe4",
      "[::1",
      "[::1]a",
      "[::1]80",
      "::1",
      '"a"',
      "a,b c",
      "<a>",
      "a\\b",
      "a\tb",
    ]) {
      refuses(`malformed: ${JSON.stringify(value)}`, withHost([`Host: ${value}`]), "ERR_TURNOUT_HOST");
    }
    refuses("missing since HTTP/1.1", withHost([]), "ERR_TURNOUT_HOST");
    refuses("missing in HTTP/1.2", withHost([], { minor: 2 }), "ERR_TURNOUT_HOST");
    refuses("missing though the target is absolute", withHost([], { target: "http://a/" }), "ERR_TURNOUT_HOST");
    reads("may be missing in HTTP/1.0", withHost([], { minor: 0 }), { fields: [] });
    refuses("malformed in HTTP/1.0", withHost(["Host: a b"], { minor: 0 }), "ERR_TURNOUT_HOST");
    refuses("twice", withHost(["Host: a", "Host: a"]), "ERR_TURNOUT_HOST");
    refuses("twice in HTTP/1.0", withHost(["Host: a", "host: b"], { minor: 0 }), "ERR_TURNOUT_HOST");
    refuses("the second one malformed", withHost(["Host: a", "Host: /"]), "ERR_TURNOUT_HOST");
    reads("may be empty where the target has an authority", withHost(["Host:"], { target: "http://a/" }), {
      targetForm: "absolute",
    });
  });

  describe("RFC 9112 section 6: framing", () => {
    reads("no content", withFields([]), { contentLength: 0 });
    reads("no content in HTTP/1.0", withFields([], { minor: 0 }), { contentLength: 0 });
    for (const [text, contentLength] of [
      ["0", 0],
      ["00012", 12],
      ["4294967296", 4_294_967_296],
      ["9007199254740991", 9_007_199_254_740_991],
      [`${"0".repeat(40)}7`, 7],
    ] as const) {
      reads(
        `RFC 9110 section 8.6 Content-Length: ${text}`,
        withFields([`Content-Length: ${text}`], { method: "POST" }),
        { contentLength },
      );
    }
    reads("Content-Length in HTTP/1.0", withFields(["content-LENGTH:3"], { method: "PUT", minor: 0 }), {
      contentLength: 3,
    });
    for (const text of [
      "",
      "-1",
      "+1",
      "1 ",
      "0x1",
      "1.0",
      "1e3",
      "a",
      "1a",
      "1,1",
      "1, 1",
      "1 1",
      "9007199254740992",
      "9007199254740993",
      "18446744073709551616",
      "9".repeat(400),
      "\xb2",
    ]) {
      if (text === "1 ") {
        reads("white space behind it", withFields(["Content-Length: 1 "]), { contentLength: 1 });
      } else {
        refuses(
          `RFC 9110 section 8.6 Content-Length: ${JSON.stringify(text)}`,
          withFields([`Content-Length: ${text}`]),
          "ERR_TURNOUT_CONTENT_LENGTH",
        );
      }
    }
    refuses(
      "6.3 two equal lengths",
      withFields(["Content-Length: 1", "Content-Length: 1"]),
      "ERR_TURNOUT_CONTENT_LENGTH",
    );
    refuses(
      "6.3 two lengths",
      withFields(["Content-Length: 1", "a: b", "content-length: 2"]),
      "ERR_TURNOUT_CONTENT_LENGTH",
    );

    reads("7.1 chunked", withFields(["Transfer-Encoding: chunked"]), { contentLength: -1 });
    reads("7.1 chunked in any case", withFields(["TRANSFER-ENCODING:CHUnked "]), { contentLength: -1 });
    for (const coding of [
      "gzip, chunked",
      "deflate,gzip ,\tchunked",
      "x;a=b, chunked",
      'x ; a = "b, \\"c\\"" ; d=e, chunked',
      "identity, Chunked",
      "chunked1, chunked",
      "chunke, chunked",
    ]) {
      refuses(
        `6.1 a coding that is not implemented: ${coding}`,
        withFields([`Transfer-Encoding: ${coding}`]),
        "ERR_TURNOUT_TRANSFER_CODING",
      );
    }
    refuses(
      "6.1 the same over two lines",
      withFields(["Transfer-Encoding: gzip", "a: b", "Transfer-Encoding: chunked"]),
      "ERR_TURNOUT_TRANSFER_CODING",
    );
    for (const coding of [
      "",
      "gzip",
      "identity",
      "chunked, gzip",
      "chunked, chunked",
      "chunked, gzip, chunked",
      "chunked;a=b",
      "gzip, chunked;a=b",
      "chunked ; a=b, chunked",
      "chunked,",
      ",chunked",
      ", chunked",
      "gzip,,chunked",
      "chunked x",
      "x y, chunked",
      "x;a, chunked",
      "x;=a, chunked",
      'x;a="b, chunked',
      'x;a="\\\xff"c, chunked',
      "xchunked",
      "chunkedx",
      '"chunked"',
      "\xe4, chunked",
      "chunked,chunked",
      "x=y, chunked",
      ";a=b, chunked",
    ]) {
      refuses(
        `6.1 malformed, or not chunked last: ${JSON.stringify(coding)}`,
        withFields([`Transfer-Encoding: ${coding}`]),
        "ERR_TURNOUT_TRANSFER_ENCODING",
      );
    }
    refuses(
      "7.1 chunked twice over two lines",
      withFields(["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]),
      "ERR_TURNOUT_TRANSFER_ENCODING",
    );
    refuses(
      "6.1 chunked and an empty line",
      withFields(["Transfer-Encoding: chunked", "Transfer-Encoding:"]),
      "ERR_TURNOUT_TRANSFER_ENCODING",
    );
    refuses(
      "6.1 in HTTP/1.0",
      withFields(["Transfer-Encoding: chunked"], { minor: 0 }),
      "ERR_TURNOUT_TRANSFER_ENCODING",
    );
    refuses(
      "6.1 in HTTP/1.0 goes before 6.3",
      withFields(["Transfer-Encoding: chunked", "Content-Length: 1"], { minor: 0 }),
      "ERR_TURNOUT_TRANSFER_ENCODING",
    );
    refuses("6.3 both", withFields(["Transfer-Encoding: chunked", "Content-Length: 1"]), "ERR_TURNOUT_FRAMING");
    refuses(
      "6.3 both, the other way, even malformed",
      withFields(["Content-Length: x", "Transfer-Encoding: y"]),
      "ERR_TURNOUT_FRAMING",
    );

    for (const method of ["POST", "PUT"]) {
      refuses(
        `RFC 1945 section 7.2.2: ${method} without a length`,
        withFields([], { method, minor: 0 }),
        "ERR_TURNOUT_LENGTH_REQUIRED",
      );
      reads(`${method} without a length since HTTP/1.1`, withFields([], { method }), { contentLength: 0 });
    }
  });

  describe("RFC 9112 section 9.3: persistence", () => {
    for (const [lines, minor, keepAlive, close] of [
      [[], 1, true, false],
      [["Connection: close"], 1, false, true],
      [["Connection: keep-alive, CLOSE"], 1, false, true],
      [["Connection: keep-alive", "connection: a , close,"], 1, false, true],
      [["Connection: close", "a: b", "Connection: keep-alive"], 1, false, true],
      [["Connection: closed, clos, x-close, close-x, clo se"], 1, true, false],
      [["Connection:"], 1, true, false],
      [["Connection: , ,\t,"], 1, true, false],
      [["Connection: a", "Connectiom: close", "Connection: b"], 1, true, false],
      [[], 0, false, false],
      [["Connection: Keep-Alive"], 0, true, false],
      [["Connection: keep-alive, close"], 0, false, true],
      [["Connection: upgrade"], 0, false, false],
      [["Keep-Alive: timeout=5"], 0, false, false],
    ] as const) {
      reads(`HTTP/1.${minor} ${lines.join(" | ")}`, withFields([...lines], { minor }), { keepAlive, close });
    }
  });

  describe("RFC 9110 section 7.8: Upgrade", () => {
    for (const [lines, minor, hasUpgradeField, wantsUpgrade] of [
      [["Connection: Upgrade", "Upgrade: websocket"], 1, true, true],
      [["Upgrade: websocket", "Connection: keep-alive,\tuPGRADE"], 1, true, true],
      [["Upgrade: a", "Upgrade: b", "Connection: x", "Connection: upgrade"], 1, true, true],
      [["Upgrade:", "Connection: upgrade"], 1, true, true],
      [["Connection: Upgrade", "Upgrade: websocket"], 2, true, true],
      [["Connection: Upgrade", "Upgrade: websocket"], 0, true, false],
      [["Upgrade: websocket"], 1, true, false],
      [["Upgrade: websocket", "Connection: upgrades, x-upgrade, upgrade x"], 1, true, false],
      [["Connection: Upgrade"], 1, false, false],
      [["Connection: Upgrade", "Upgrades: websocket"], 1, false, false],
    ] as const) {
      reads(`HTTP/1.${minor} ${lines.join(" | ")}`, withFields([...lines], { minor }), {
        hasUpgradeField,
        wantsUpgrade,
      });
    }
    reads(
      "7.6.1: options that name fields of framing change nothing about them",
      withFields(["Connection: Upgrade, Content-Length, Host", "Upgrade: x", "Content-Length: 3"], { method: "POST" }),
      { wantsUpgrade: true, contentLength: 3 },
    );
  });

  describe("RFC 9110 section 10.1.1: Expect", () => {
    reads("100-continue", withFields(["Expect: 100-continue"]), { expectContinue: true });
    reads("in any case", withFields(["eXPECT: 100-Continue"]), { expectContinue: true });
    reads("means nothing in HTTP/1.0", withFields(["Expect: 100-continue"], { minor: 0 }), { expectContinue: false });
    reads("another one means nothing in HTTP/1.0, too", withFields(["Expect: x"], { minor: 0 }), {
      expectContinue: false,
    });
    for (const value of [
      "",
      "x",
      "100-continue, x",
      "100-continue;a=b",
      "100-continue, 100-continue",
      "100_continue",
    ]) {
      refuses(
        `another expectation: ${JSON.stringify(value)}`,
        withFields([`Expect: ${value}`]),
        "ERR_TURNOUT_EXPECTATION",
      );
    }
    refuses("two lines", withFields(["Expect: 100-continue", "Expect: 100-continue"]), "ERR_TURNOUT_EXPECTATION");
    reads("other fields do not matter", `GET / HTTP/1.1\r\nExpects: x\r\nExpecT-: y\r\n${host}\r\n`, {
      expectContinue: false,
    });
  });
});
