import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const header = `import { type Answered, type OriginalRequest, ProtocolModule, type Transport } from "turnout";
abstract class Base extends ProtocolModule { readonly tokens: readonly string[] = ["own/1"]; }
`;

/** Bodies of modules, and what the compiler has to say about each: the codes of its errors. */
const fixtures = {
  right: {
    says: [],
    source: `export class Sync extends Base {
  takeOver(request: OriginalRequest, transport: Transport): Answered {
    return request.method === "GET" ? transport.answer("hello") : transport.answeredByHandshake();
  }
}
export class Async extends Base {
  async takeOver(_request: OriginalRequest, transport: Transport): Promise<Answered> {
    const receipt = transport.answer(await Promise.resolve("hello"));
    transport.end(" and goodbye");
    return receipt;
  }
}`,
  },
  "forgets-to-answer": {
    says: ["TS2416"], // the method is not the one of the base class
    source: `export class Wrong extends Base {
  takeOver(_request: OriginalRequest, transport: Transport): void { transport.write("not an answer"); }
}`,
  },
  "forgets-to-return": {
    says: ["TS2355"], // a function whose declared type is no void has to return a value
    source: `export class Wrong extends Base {
  takeOver(_request: OriginalRequest, transport: Transport): Answered { transport.answer("hello"); }
}`,
  },
  "one-path-only": {
    says: ["TS2366"], // the end of the function can be reached without a return
    source: `export class Wrong extends Base {
  takeOver(request: OriginalRequest, transport: Transport): Answered {
    if (request.method === "GET") { return transport.answer("hello"); }
  }
}`,
  },
  "async-one-path-only": {
    says: ["TS2366"],
    source: `export class Wrong extends Base {
  async takeOver(request: OriginalRequest, transport: Transport): Promise<Answered> {
    if (request.method === "GET") { return transport.answer("hello"); }
  }
}`,
  },
  "async-undefined": {
    says: ["TS2322"], // undefined is not assignable
    source: `export class Wrong extends Base {
  async takeOver(_request: OriginalRequest, transport: Transport): Promise<Answered> {
    transport.write("hello");
    return undefined;
  }
}`,
  },
  "async-void": {
    says: ["TS2416"],
    source: `export class Wrong extends Base {
  async takeOver(_request: OriginalRequest, transport: Transport) { transport.write("hello"); }
}`,
  },
  "object-literal": {
    says: ["TS2741"], // the private field is missing
    source: `export const forged: Answered = {};`,
  },
  "look-alike-literal": {
    says: ["TS2353"], // no such property is known
    source: `export const forged: Answered = { owner: {} };`,
  },
  "structural-copy": {
    says: ["TS2741"],
    source: `export function copy(receipt: Answered): Answered { return { ...receipt }; }`,
  },
  "look-alike-class": {
    says: ["TS2741"], // a private field of the same name is another field
    source: `class Receipt { readonly #owner: object = {}; get owner(): object { return this.#owner; } }
export const forged: Answered = new Receipt();`,
  },
  "another-new": {
    says: ["TS2673", "TS1361"], // the constructor is private; imported as a type, used as a value
    source: `export const forged = new Answered({});`,
  },
  "value-import": {
    says: ["TS2673", "TS1362"], // the constructor is private; exported as a type
    source: `import { Answered as Class } from "turnout";
export const forged = new Class({});`,
  },
  subclass: {
    says: ["TS1361", "TS2675"], // imported as a type; a class with a private constructor cannot be extended
    source: `export class Forged extends Answered {}`,
  },
} as const;

/** The root of the package that this file belongs to. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    folder = dirname(folder);
  }
  return folder;
}

/** Compiles all fixtures in one run: the codes of the errors, by fixture. */
async function compile(): Promise<ReadonlyMap<string, readonly string[]>> {
  const cache = join(packageRoot(), "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "answered-types-"));
  try {
    for (const [name, { source }] of Object.entries(fixtures)) {
      await writeFile(join(folder, `${name}.ts`), `${header}${source}\n`);
    }
    const declarations = fileURLToPath(import.meta.resolve("turnout")).replace(/\.js$/, ".d.ts");
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      types: ["node"],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      paths: { turnout: [declarations] },
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    return errorsIn(await runCompiler(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function runCompiler(folder: string): Promise<string> {
  const compiler = join(dirname(fileURLToPath(import.meta.resolve("typescript/package.json"))), "bin", "tsc");
  const args = [compiler, "--project", folder, "--pretty", "false"];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

function errorsIn(output: string): ReadonlyMap<string, readonly string[]> {
  const errors = new Map<string, string[]>(Object.keys(fixtures).map((name) => [name, []]));
  for (const line of output.split(/\r?\n/)) {
    if (line.trim() === "" || line.startsWith(" ")) {
      continue; // a further line of the error before
    }
    const [, name, code] = /^(?:.*\/)?([\w-]+)\.ts\(\d+,\d+\): error (TS\d+):/.exec(line) ?? [];
    const list = name === undefined || code === undefined ? undefined : errors.get(name);
    if (list === undefined) {
      throw new Error(`unexpected output of the compiler: ${output}`);
    }
    list.push(code!);
  }
  return errors;
}

describe("T-25 RFC 9110 section 7.8: the compiler rejects modules that do not answer", () => {
  let errors: ReadonlyMap<string, readonly string[]> = new Map();

  before(async function () {
    this.timeout(60_000);
    errors = await compile();
  });

  for (const [name, { says }] of Object.entries(fixtures)) {
    it(`T-25 ${name}: ${says.length === 0 ? "compiles" : says.join(", ")}`, () => {
      expect(errors.get(name)).to.deep.equal(says);
    });
  }
});
