/** Heads as clients send them. */
export interface Corpus {
  /** As the tables say it. */
  readonly name: string;
  /** As a command line and the history say it. */
  readonly key: string;
  /** What one connection sends; `heads` request heads and nothing else. */
  readonly bytes: Buffer;
  readonly heads: number;
}

function corpus(key: string, name: string, lines: readonly string[], heads = 1): Corpus {
  return { key, name, bytes: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`.repeat(heads), "latin1"), heads };
}

const minimal = ["GET / HTTP/1.1", "Host: example.com"];

const modern = [
  "GET /app/dashboard?tab=overview&range=30d HTTP/1.1",
  "Host: www.example.com",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-User: ?1",
  "Sec-Fetch-Dest: document",
  "Referer: https://www.example.com/app/login?next=%2Fapp%2Fdashboard",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8,de;q=0.7",
  "Cookie: _ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000000; session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U; theme=dark; consent=1",
];

/** The request that the benches of picohttpparser and its heirs use, 703 bytes. */
const classic = [
  "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1",
  "Host: www.kittyhell.com",
  "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: ja,en-us;q=0.7,en;q=0.3",
  "Accept-Encoding: gzip,deflate",
  "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7",
  "Keep-Alive: 115",
  "Connection: keep-alive",
  "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral",
];

const webSocket = [
  "GET /chat HTTP/1.1",
  "Host: www.example.com",
  "Connection: Upgrade",
  "Pragma: no-cache",
  "Cache-Control: no-cache",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Upgrade: websocket",
  "Origin: https://www.example.com",
  "Sec-WebSocket-Version: 13",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8",
  "Cookie: session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
];

const h2c = [
  "GET / HTTP/1.1",
  "Host: example.com",
  "User-Agent: curl/8.5.0",
  "Accept: */*",
  "Connection: Upgrade, HTTP2-Settings",
  "Upgrade: h2c",
  "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
];

const long = [
  "GET /api/items HTTP/1.1",
  "Host: api.example.com",
  ...Array.from({ length: 59 }, (_, n) => `X-Field-Number-${n}: ${"abcdefghij klmnopqrst".repeat(6).slice(n % 16)}`),
];

export const corpora: readonly Corpus[] = [
  corpus("minimal", "minimal GET", minimal),
  corpus("classic", "classic browser", classic),
  corpus("modern", "modern browser, cookies", modern),
  corpus("websocket-head", "WebSocket handshake", webSocket),
  corpus("h2c-head", "h2c upgrade of curl", h2c),
  corpus("long", "8 KiB, 60 fields", long),
  corpus("pipelined-heads", "16 pipelined minimal", minimal, 16),
];

/** How the bytes come: each piece in memory of its own, as from a socket. */
export const deliveries: Readonly<Record<Delivery, (bytes: Buffer) => Buffer[]>> = {
  whole: (bytes) => pieces(bytes, bytes.length),
  /** Not between two heads. */
  "two chunks": (bytes) => pieces(bytes, Math.ceil(bytes.length / 2) + 1),
  "16 B chunks": (bytes) => pieces(bytes, 16),
};

export type Delivery = "whole" | "two chunks" | "16 B chunks";

export function pieces(bytes: Buffer, size: number): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = Buffer.alloc(Math.min(size, bytes.length - at));
    bytes.copy(piece, 0, at);
    list.push(piece);
  }
  return list;
}
