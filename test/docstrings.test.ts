import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "chai";
import { packageRoot } from "./support/package-root.ts";

type Target = string | { readonly types: string };

const { exports } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, Target>>;
};

interface Exported {
  readonly name: string;
  /** What declares it, or a part of it: an overload, say. Each with what stands before it. */
  readonly declarations: readonly string[];
}

/** What an entry's declarations export, and where they say what it is. */
function exportedFrom(types: string): Exported[] {
  const file = join(packageRoot, types);
  const text = readFileSync(file, "utf8");
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, names, from]) => {
    const source = readFileSync(join(dirname(file), from!.replace(/\.ts$/, ".d.ts")), "utf8");
    return names!.split(/\s*,\s*/).flatMap((name) => {
      const plain = name.trim().replace(/^type /, "");
      return plain === "" ? [] : { name: plain, declarations: declarationsOf(plain, source) };
    });
  });
  const own = [...text.matchAll(/^export (?:declare |abstract )*(?:class|interface|type|function|const) (\w+)/gm)];
  return [...passedOn, ...own.map(([, name]) => ({ name: name!, declarations: declarationsOf(name!, text) }))];
}

function declarationsOf(name: string, source: string): string[] {
  const keyword = `export (?:declare |abstract )*(?:class|interface|type|function|const) ${name}\\b`;
  return [...source.matchAll(new RegExp(`^(?:/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?${keyword}`, "gm"))].map(String);
}

describe("every name that the package exports is described where it is declared", () => {
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") {
      continue;
    }
    it(`turnout${entry.slice(1)}`, () => {
      const exported = exportedFrom(target.types);
      assert.isNotEmpty(exported);
      for (const { name, declarations } of exported) {
        assert.isNotEmpty(declarations, name);
        for (const declaration of declarations) {
          assert.match(declaration, /^\/\*\*\s*\S/, `${name} has nothing said of it`);
        }
      }
    });
  }
});
