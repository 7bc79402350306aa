import type { BundledName } from "./bundled.ts";

/** Something to copy into a terminal. */
export interface Command {
  /** What it shows. */
  readonly title: string;
  readonly command: string;
}

/** What a host has to look like to be put into a shell's command: a name or an address, and perhaps a port. */
const plainAuthority = /^(?:[a-z\d.-]+|\[[a-f\d:.]+\])(?::\d{1,5})?$/i;

/** The authority if it is harmless in a command, a page or a policy; else `otherwise`. */
export function harmless(authority: string, otherwise: string): string {
  return plainAuthority.test(authority) ? authority : otherwise;
}

/** Commands for what is spoken at `authority`, a harmless one. */
export function commandsFor(authority: string, protocols: readonly BundledName[]): Command[] {
  const [, name, port = "80"] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(authority)!;
  const at = `http://${authority}`;
  const spoken = (name: BundledName): boolean => protocols.includes(name);
  const commands = [
    { needs: undefined, title: "HTTP/1.1", command: `curl -v ${at}/inspect` },
    { needs: undefined, title: "content, sent back", command: `curl -d hello ${at}/echo` },
    { needs: "http2", title: "h2c, by Upgrade", command: `curl -v --http2 ${at}/inspect` },
    { needs: "http2", title: "h2c, frame by frame", command: `nghttp -nuv ${at}/inspect` },
    { needs: "http2", title: "h2, by prior knowledge", command: `curl -v --http2-prior-knowledge ${at}/inspect` },
    { needs: "websocket", title: "WebSocket", command: `npx wscat -c ws://${authority}/ws` },
    {
      needs: "websocket",
      title: "WebSocket, from Node 22",
      command: `node -e 'const s = new WebSocket("ws://${authority}/ws"); s.onopen = () => s.send("hello"); s.onmessage = (m) => { console.log(m.data); s.close(); }'`,
    },
    { needs: "tls", title: "TLS, on the same port", command: `curl -vk https://${authority}/inspect` },
    {
      needs: "tls",
      title: "TLS, and ALPN",
      command: `openssl s_client -connect ${bracketed(name!)}:${port} -alpn h2,http/1.1`,
    },
    {
      needs: "example",
      title: "example/1, by hand",
      command: `printf 'GET /example HTTP/1.1\\r\\nHost: ${authority}\\r\\nConnection: Upgrade\\r\\nUpgrade: example/1\\r\\n\\r\\nhello\\r\\n' | nc -q 1 ${name} ${port}`,
    },
  ] as const;
  return commands
    .filter(({ needs }) => needs === undefined || spoken(needs))
    .map(({ title, command }) => ({ title, command }));
}

/** What is spoken on the port, in words. */
export function tongues(protocols: readonly BundledName[]): string {
  const words: Readonly<Record<BundledName, string>> = {
    websocket: "WebSocket",
    http2: "HTTP/2",
    tls: "TLS",
    echo: "echo/1",
    example: "example/1 and foo/2",
  };
  return ["HTTP/1.1", ...protocols.map((name) => words[name])].join(", ");
}

function bracketed(name: string): string {
  return name.includes(":") ? `[${name}]` : name;
}
