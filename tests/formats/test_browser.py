"""The page in headless Chromium: nothing of others runs, filters filter, keys work, and it reads without scripts. Screenshots go to target/formats/."""

import json
import os
import pathlib
import shutil
import time

import pytest

from conftest import ROOT, run

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (tests/run --browser installs it)")
CHROMIUM = shutil.which("chromium")
SHOTS = ROOT / "target/formats"
CORPUS = pathlib.Path(os.environ.get("PYRELINT_CORPUS", pathlib.Path.home() / ".cache/pyrelint-corpus"))

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Opens a file in a context of its own; whatever the page asks for, says or complains about is kept."""
    contexts = []

    def open_page(path, **options):
        context = browser.new_context(viewport={"width": 1300, "height": 1000}, **options)
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("dialog", lambda dialog: (page.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: request.url.startswith("file:") or page.said.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def hostile(project, tmp_path_factory):
    """The page of the project with hostile names, and its findings."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    run(project, "-q", "--output-format", "html", "--output-file", str(path))
    return path, json.loads(run(project, "-q", "--output-format", "json"))


def visible(page):
    return page.locator(".finding:visible")


def test_hostile_names_do_nothing(open_page, hostile):
    path, findings = hostile
    page = open_page(path)
    page.locator("#open").click()
    assert page.said == []
    assert visible(page).count() == len(findings)
    assert page.locator("h2", has_text="app/<script>alert(1)<,script>.py").count() == 1
    assert page.evaluate("document.scripts.length") == 1
    # The policy holds: not even what gets into the page later runs.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = 2'}))")
    page.wait_for_timeout(200)
    assert page.title() == f"pyrelint: {len(findings)} findings"


def test_filters_and_keys(open_page, hostile):
    path, findings = hostile
    page = open_page(path)
    shown = lambda: page.locator("#shown").text_content()
    count = lambda test: sum(map(test, findings))
    page.locator("#none").click()
    page.locator("[name=rule][value=RL101]").check()
    assert visible(page).count() == count(lambda one: one["code"] == "RL101") == 1
    assert shown() == f"1 of {len(findings)} findings"
    page.locator("button[type=reset]").click()
    playwright.expect(page.locator("#shown")).to_have_text(f"{len(findings)} findings")
    page.locator("#folder").select_option("app/")
    assert visible(page).count() == count(lambda one: one["path"].startswith("app/"))
    page.locator("[name=severity][value=warning]").uncheck()
    assert visible(page).count() == count(lambda one: one["path"].startswith("app/") and one["severity"] != "warning")
    assert page.locator("#empty").is_visible() == (visible(page).count() == 0)
    page.locator("button[type=reset]").click()
    page.keyboard.press("Escape")
    page.locator("body").press("/")
    page.keyboard.type("SYS.EXIT é🐍#")
    playwright.expect(page.locator("#shown")).to_have_text(f"1 of {len(findings)} findings")
    page.locator("#text").fill("")
    playwright.expect(page.locator("#shown")).to_have_text(f"{len(findings)} findings")
    page.keyboard.press("Escape")
    # `j` goes to the first and the next finding, Enter opens it, and its link leads to the rule's page.
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    first = page.locator(".finding").first
    assert first.get_attribute("open") is not None
    first.locator(".more a").click()
    assert page.locator(f"#rule-{findings[0]['code']}").is_visible()
    assert page.said == []


def test_the_way_is_drawn(open_page, hostile):
    path, findings = hostile
    (number,) = [index for index, one in enumerate(findings, 1) if one["code"] == "RL101"]
    related = findings[number - 1]["related"]
    page = open_page(path)
    finding = page.locator(f"#f{number}")
    finding.locator("summary").click()
    assert finding.locator(".drawing .point").count() == len(related) + 1
    assert finding.locator(".drawing .way").count() == len(related)
    lanes = dict.fromkeys([findings[number - 1]["path"], *(one["path"] for one in related)])
    assert finding.locator(".drawing .lane title").all_text_contents() == list(lanes)
    assert finding.locator(".steps > li").count() == len(related)
    assert finding.locator("mark").first.text_content() == "__del__"
    finding.locator("a.point").last.click()
    assert page.url.endswith(f"#f{number}-{len(related)}")


def test_it_reads_without_scripts(open_page, hostile):
    path, findings = hostile
    page = open_page(path, java_script_enabled=False)
    assert page.locator("#filters").is_hidden() and page.locator(".contents").is_visible()
    assert visible(page).count() == len(findings)
    page.locator(".finding summary").first.click()
    assert page.locator(".finding .source").first.is_visible()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the development corpus is not there")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshots_of_the_corpus(open_page, tmp_path, scheme):
    path = tmp_path / "corpus.html"
    packages = [name for name in ("redis", "aiohttp", "luigi") if (CORPUS / name).is_dir()]
    run(CORPUS, "-q", "--select", "ALL", "--output-format", "html", "--output-file", str(path), *packages)
    page = open_page(path, color_scheme=scheme)
    page.locator(".finding", has=page.locator(".lane ~ .lane")).first.locator("summary").click()
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"page-{scheme}.png")
    page.set_viewport_size({"width": 420, "height": 900})
    page.screenshot(path=SHOTS / f"page-{scheme}-narrow.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(",")))
    assert (brightness > 600) == (scheme == "light")
    assert page.said == []


def test_five_thousand_findings(open_page, tmp_path):
    project = tmp_path / "project"
    for number in range(250):
        folder = project / f"package{number % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module{number}.py").write_text("import sys\n\n\ndef f(x):\n" + "    sys.exit(300)\n" * 20)
    path = tmp_path / "report.html"
    run(project, "-q", "--output-format", "html", "--output-file", str(path))
    start = time.monotonic()
    page = open_page(path)
    assert page.locator(".finding").count() == 5_000
    loaded = time.monotonic() - start
    page.locator("#folder").select_option("package3/")
    assert page.locator("#shown").text_content() == "500 of 5000 findings"
    took = page.evaluate("(() => { const start = performance.now(); document.getElementById('filters').dispatchEvent(new Event('change')); return performance.now() - start; })()")
    print(f"5,000 findings: {path.stat().st_size / 1e6:.1f} MB, loaded in {loaded:.1f} s, filtered in {took:.0f} ms")
    assert took < 1_000
