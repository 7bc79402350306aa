import type { Random } from "./random.ts";

/** Heads that use every rule, to be spoilt. */
const seeds = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "\r\nHEAD /a%20b/c?d=%zz&[e] HTTP/1.1\r\nHost: example.org:80\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n",
  "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\n\r\nhello, world",
  "PUT http://a.b:8/c HTTP/1.1\r\nhost: a.b:8\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n0\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1.2.3.4]:8080\r\nCookie: a=b; c=d\r\nCookie: e=f\r\n\r\n",
  "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
  "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85",
  "POST / HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
  `GET /long?${"q=1&".repeat(40)} HTTP/1.1\r\nHost: a\r\nCookie: ${"name=value; ".repeat(30)}\r\nX-${"Long-".repeat(20)}: x\r\nA:1\r\n\r\n`,
  'DELETE /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip;a="b,\\"c", chunked\r\nX: \t \xe4\xff \t\r\n\r\n',
  "PATCH /%41 HTTP/1.2\r\nX-A:1\r\nHost: a\r\nConnection: close\r\nConnection: upgrade,x\r\nUpgrade: h2c\r\nEmpty:\r\n\r\n",
];

/** Lines that decide something, to be put in anywhere. */
const lines = [
  "Host: b",
  "Host:",
  "Host: [::1]:1",
  "Content-Length: 3",
  "content-length: 9007199254740993",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: , chunked",
  "Connection: close",
  "Connection: keep-alive, upgrade",
  "Upgrade: x/1",
  "Expect: 100-continue",
  "Expect: y",
  " folded",
  "no colon",
  "space : a",
];

/** What is worth putting in, beside any byte. */
const snippets = [
  "\r\n",
  "\r",
  "\n",
  " ",
  "\t",
  ":",
  "%",
  "%4",
  "/",
  "?",
  "#",
  "*",
  "[",
  "]",
  "::",
  ",",
  ";",
  "@",
  "\0",
  "\x7f",
  "\x80",
  "\xff",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  "chunked",
  "close",
  "upgrade",
  "0",
  "65536",
  "http://",
  "CONNECT ",
  "OPTIONS ",
  "POST ",
];

/** A head, most often with one to four faults. */
export function mutatedHead(random: Random): Buffer {
  let head = random.pick(seeds);
  for (let n = random.below(5); n > 0; n--) {
    head = mutate(head, random);
  }
  return Buffer.from(head, "latin1");
}

function mutate(head: string, random: Random): string {
  const at = random.below(head.length + 1);
  switch (random.below(8)) {
    case 0:
      return head.slice(0, at) + head.slice(at + 1 + random.below(4));
    case 1:
      return head.slice(0, at) + String.fromCharCode(random.below(256)) + head.slice(at + 1);
    case 2:
      return head.slice(0, at) + random.pick(snippets) + head.slice(at);
    case 3:
      return head.slice(0, at) + random.pick(snippets) + head.slice(at + 1);
    case 4: {
      const other = random.pick(seeds);
      return head.slice(0, at) + other.slice(random.below(other.length));
    }
    case 5: {
      const length = random.below(20);
      return head.slice(0, at) + head.slice(at, at + length).repeat(1 + random.below(4)) + head.slice(at + length);
    }
    default: {
      const places = [...head.matchAll(/\r\n/g)].map((match) => match.index + 2);
      const place = places.length === 0 ? 0 : random.pick(places);
      return `${head.slice(0, place)}${random.pick(lines)}\r\n${head.slice(place)}`;
    }
  }
}
