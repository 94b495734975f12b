// Writes commands with the toolkit of GitHub Actions, and reads those of Azure Pipelines with its library.
// Standard input: {"github": [[command, properties, message], ...], "azure": [line, ...]}; the folder of the packages is the argument.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const modules = join(process.argv[2], "node_modules");
const { issueCommand } = await import(pathToFileURL(join(modules, "@actions/core/lib/command.js")));
const { commandFromString } = createRequire(import.meta.url)(join(modules, "azure-pipelines-task-lib/taskcommand.js"));

const { github, azure } = JSON.parse(readFileSync(0, "utf8"));
for (const [command, properties, message] of github) issueCommand(command, properties, message);
for (const line of azure) process.stdout.write(JSON.stringify(commandFromString(line)) + "\n");
