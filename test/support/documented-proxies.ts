import { documented } from "./documented.ts";
import { haproxy, nginxHttp, nginxStream, type Recipe } from "./intermediary.ts";
import { certificate } from "./tls-serving.ts";

/** The page that has the configurations. */
export const proxyPage = "lib/proxy/README.md";

/** The ports of the two servers. */
export type Ports = readonly [a: number, b: number];

/** HAProxy in HTTP mode as it is documented; `tls`: what its port for TLS does, otherwise the one in clear text. */
export function documentedHttpHaproxy(ports: Ports, { tls = false }: { readonly tls?: boolean } = {}): Recipe {
  const plain = "    bind :80\n";
  const secure = "    bind :443 ssl crt /etc/haproxy/site.pem ";
  const text = documented(proxyPage, "haproxy", "mode http");
  const bound = tls
    ? replaced(replaced(text, plain, ""), secure, "    bind fd@3 ssl crt FOLDER/site.pem ")
    : replaced(replaced(text, plain, "    bind fd@3\n"), `${secure}alpn h2,http/1.1\n`, "");
  return haproxy(withServers(bound, ports), { "site.pem": certificate.cert + certificate.key });
}

/** HAProxy's byte-exact mode as it is documented. */
export function documentedTcpHaproxy(ports: Ports): Recipe {
  const text = documented(proxyPage, "haproxy", "mode tcp");
  return haproxy(withServers(replaced(text, "bind :80\n", "bind fd@3\n"), ports));
}

/** nginx in HTTP mode as it is documented. */
export function documentedHttpNginx([a, b]: Ports): Recipe {
  return nginxHttp(atPorts(documented(proxyPage, "nginx", "proxy_http_version"), [a, b]));
}

/** nginx's byte-exact mode as it is documented. */
export function documentedStreamNginx(ports: Ports): Recipe {
  return nginxStream(atPorts(documented(proxyPage, "nginx", "proxy_protocol on"), ports));
}

function withServers(text: string, ports: Ports): string {
  return atPorts(replaced(text, "inter 2s fall 2 rise 2", "inter 50 fall 1 rise 1"), ports);
}

function atPorts(text: string, [a, b]: Ports): string {
  return replaced(replaced(text, "127.0.0.1:8080", `127.0.0.1:${a}`), "127.0.0.1:8081", `127.0.0.1:${b}`);
}

/** What is documented has to have what is replaced, once. */
function replaced(text: string, old: string, by: string): string {
  const parts = text.split(old);
  if (parts.length !== 2) {
    throw new Error(`${JSON.stringify(old)} is there ${parts.length - 1} times: ${text}`);
  }
  return parts.join(by);
}
