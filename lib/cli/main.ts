#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { type CommandLine, CommandLineError, readCommandLine, usage } from "./options.ts";
import { probe } from "./probe/probe.ts";
import { serve } from "./serve.ts";

function main(): void {
  let options: CommandLine;
  try {
    options = readCommandLine(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommandLineError) {
      complain(error.message, 2);
      return;
    }
    throw error;
  }
  if (options.help) {
    process.stdout.write(usage());
  } else if (options.version) {
    process.stdout.write(`${version()}\n`);
  } else {
    serve(options, version()).catch((error: Error) => complain(error.message, 1));
  }
}

function complain(sentence: string, exitCode: number): void {
  process.stderr.write(`turnout: ${sentence}.\n`);
  process.exitCode = exitCode;
}

function version(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

if (process.argv[2] === "probe") {
  process.exitCode = await probe(process.argv.slice(3));
} else {
  main();
}
