#!/usr/bin/env python3
"""Measures how long servers take for the findings of a whole workspace, beside the command line.

    python3 workspace.py FOLDER --server 'pyrelint server' --command 'pyrelint --output-format json'

Each run starts a server anew, asks for the workspace's diagnostics, and once more with the result ids that it got. The command is run in
the folder, in turns with the servers. Not a test: figures are for one machine and one moment, and compared only within a run.
"""

import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import time

from rawclient import RawClient

CAPABILITIES = {
    "textDocument": {"diagnostic": {"relatedDocumentSupport": False}, "publishDiagnostics": {"relatedInformation": True}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


def timed(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def ask(command, folder):
    """The seconds of the first answer and of the second, and how many findings in how many files the first one had."""
    with RawClient(shlex.split(command), folder) as client:
        offered = client.initialize(folder, CAPABILITIES, workspaceFolders=[{"uri": folder.as_uri(), "name": folder.name}])
        if not (offered.get("diagnosticProvider") or {}).get("workspaceDiagnostics"):
            raise SystemExit(f"{command}: it offers no findings of the whole workspace")

        def pull(known):
            answer = client.request("workspace/diagnostic", patience=3600, params={"previousResultIds": known})
            if "error" in answer:
                raise SystemExit(f"{command}: {answer['error']}")
            return answer["result"]["items"]

        first, items = timed(lambda: pull([]))
        with_findings = [item for item in items if item.get("items")]
        again, _ = timed(lambda: pull([{"uri": item["uri"], "value": item["resultId"]} for item in items if item.get("resultId")]))
        return first, again, sum(len(item["items"]) for item in with_findings), len(with_findings)


def run(command, folder):
    """The seconds that a command takes, and the number of findings where it prints a list of them."""
    took, done = timed(lambda: subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False))
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command}: it ended with {done.returncode}\n{done.stderr}")
    try:
        return took, len(json.loads(done.stdout))
    except (json.JSONDecodeError, TypeError):
        return took, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--server", action="append", default=[], help="a command that starts a server")
    parser.add_argument("--command", action="append", default=[], help="a command that checks the folder that it is started in")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    folder = options.folder.resolve()
    servers = {command: [] for command in options.server}
    commands = {command: [] for command in options.command}
    for _ in range(options.runs):
        for command, results in servers.items():
            results.append(ask(command, folder))
        for command, results in commands.items():
            results.append(run(command, folder))
    for command, results in commands.items():
        print(f"{statistics.median(took for took, _ in results):7.3f} s, {results[-1][1]} findings: {command}")
    for command, results in servers.items():
        first, again = (statistics.median(result[index] for result in results) for index in (0, 1))
        findings, files = results[-1][2:]
        print(f"{first:7.3f} s, again {again:.3f} s, {findings} findings in {files} files: {command}")
        for other, others in commands.items():
            print(f"{first / statistics.median(took for took, _ in others):7.2f} times {other}")


if __name__ == "__main__":
    main()
