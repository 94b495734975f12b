
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("filters");
  const findings = [...document.querySelectorAll(".finding")];
  const files = [...document.querySelectorAll(".file")];
  // What is searched, once for each finding: reading it from the page at every key would take seconds.
  const texts = findings.map((finding) => {
    const summary = finding.querySelector("summary");
    return `${finding.dataset.path} ${finding.dataset.rule} ${summary.textContent}`.toLowerCase();
  });
  const checked = (name) => new Set([...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value));

  const filter = () => {
    const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const folder = $("folder").value;
    const severities = checked("severity");
    const rules = checked("rule");
    let shown = 0;
    findings.forEach((finding, index) => {
      const { rule, severity, path } = finding.dataset;
      const fits =
        rules.has(rule) && severities.has(severity) && path.startsWith(folder) && words.every((word) => texts[index].includes(word));
      finding.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    for (const file of files) {
      file.hidden = !file.querySelector(".finding:not([hidden])");
    }
    const all = findings.length;
    $("shown").textContent = shown === all ? `${all} finding${all === 1 ? "" : "s"}` : `${shown} of ${all} findings`;
    $("empty").hidden = shown > 0 || all === 0;
  };

  const rules = (on) => {
    form.querySelectorAll("[name=rule]").forEach((box) => (box.checked = on));
    filter();
  };
  const visible = () => findings.filter((finding) => !finding.hidden);
  const open = (on) => visible().forEach((finding) => (finding.open = on));
  const step = (by) => {
    const shown = visible();
    const at = shown.findIndex((finding) => finding.contains(document.activeElement));
    const next = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
    next?.querySelector("summary").focus();
  };

  let wait;
  $("text").addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(filter, 120);
  });
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  $("all").addEventListener("click", () => rules(true));
  $("none").addEventListener("click", () => rules(false));
  $("open").addEventListener("click", () => open(true));
  $("close").addEventListener("click", () => open(false));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input[type=search], select");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing) typing.blur();
    if (typing) return;
    if (event.key === "/") {
      event.preventDefault();
      $("text").focus();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });
  // A link into a page of a rule opens it, in browsers that do not do so by themselves.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.closest("details");
    if (details && !details.open) {
      details.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  document.documentElement.classList.add("scripted");
  form.hidden = false;
  filter();
  reveal();
})();
