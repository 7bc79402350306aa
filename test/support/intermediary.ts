import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program that stands before a server, and how it is started. */
export interface Recipe {
  readonly name: string;
  /** `config` is the file's path, `port` where the program gets its connections, from the descriptor 3. */
  args(config: string, port: number): readonly string[];
  env?(port: number): NodeJS.ProcessEnv;
  readonly config: (port: number, folder: string) => string;
  /** More files, by their names. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The longest that it may take to say something. */
const patienceMs = 20_000;

/**
 * An intermediary on a free port of loopback. The port is open before the program runs, which gets the listening socket: so
 * nobody has to wait until it listens, and nobody can take the port.
 */
export class Intermediary {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = "";
  #over = false;
  #notify: () => void = () => {};

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (text) => {
        this.#said += text;
        this.#notify();
      });
    }
    child.on("close", () => {
      this.#over = true;
      this.#notify();
    });
  }

  static async start({ name, args, env, config, files = {} }: Recipe): Promise<Intermediary> {
    const folder = mkdtempSync(join(tmpdir(), "turnout-intermediary-"));
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const path = join(folder, "config");
    for (const [file, text] of Object.entries({ ...files, config: config(port, folder) })) {
      writeFileSync(join(folder, file), text);
    }
    const child = spawn(name, args(path, port), {
      env: { ...process.env, ...env?.(port) },
      stdio: ["ignore", "pipe", "pipe", descriptorOf(listener)],
      detached: true, // leads a group, with the processes that it starts
    });
    await once(child, "spawn");
    listener.close(); // the program has it now
    return new Intermediary(child, port, folder);
  }

  /** Waits until it has said something. */
  async said(mark: RegExp): Promise<void> {
    const late = setTimeout(() => this.#kill(), patienceMs);
    try {
      while (!mark.test(this.#said)) {
        if (this.#over) {
          throw new Error(`it ended without ${mark}: ${this.#said}`);
        }
        await new Promise<void>((resolve) => {
          this.#notify = resolve;
        });
      }
    } finally {
      clearTimeout(late);
    }
  }

  async stop(): Promise<void> {
    if (!this.#over) {
      const closed = once(this.#child, "close");
      this.#kill();
      await closed;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #kill(): void {
    process.kill(-this.#child.pid!, "SIGKILL");
  }
}

/** Node does not say it; a child process gets it by its number only. */
export function descriptorOf(listener: Server): number {
  return (listener as Server & { readonly _handle: { readonly fd: number } })._handle.fd;
}

/** HAProxy with these sections. `bind fd@3` is its port. */
export function haproxy(sections: string, files: Readonly<Record<string, string>> = {}): Recipe {
  return {
    name: "haproxy",
    args: (config) => ["-db", "-f", config],
    files,
    config: (_port, folder) => `global
  maxconn 200
defaults
  timeout connect 10s
  timeout client 10s
  timeout server 10s
${sections.replaceAll("FOLDER", folder)}
`,
  };
}

/** nginx, whose `stream` has these blocks; `listen 80;` is its port. */
export function nginxStream(blocks: string): Recipe {
  return nginx("load_module /usr/lib/nginx/modules/ngx_stream_module.so;", "stream", blocks);
}

/** nginx, whose `http` has these blocks; `listen 80;` is its port. */
export function nginxHttp(blocks: string): Recipe {
  return nginx("", "http", `access_log off;\n${blocks}`);
}

function nginx(modules: string, context: string, blocks: string): Recipe {
  return {
    name: "nginx",
    args: (config) => ["-c", config, "-e", "stderr"],
    env: () => ({ NGINX: "3;" }), // listening sockets that it finds open
    config: (port, folder) => `${modules}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr;
events {}
${context} {
${blocks.replace("listen 80;", `listen 127.0.0.1:${port};`)}
}
`,
  };
}
