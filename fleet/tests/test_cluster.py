"""Three nodes of Ray on this machine, one of which is killed in the middle of a run over the corpus."""

from __future__ import annotations

import collections
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CORPUS, corpus_wheels

from pyrelint_fleet.analysis import Task
from pyrelint_fleet.program import prepare
from pyrelint_fleet.running import Options, execute
from pyrelint_fleet.store import Store

pytestmark = [pytest.mark.ray, pytest.mark.cluster]

COPIES = 20
PLACE = ("path", "line", "column", "end_line", "end_column")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus's packages as wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    if not corpus_wheels(folder):
        pytest.skip(f"there is no corpus at {CORPUS}")
    return folder


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without processors and two workers, each with an address of its own on the loopback interface."""
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "node_ip_address": "127.0.0.1", "include_dashboard": False})
    try:
        made.workers = [made.add_node(num_cpus=1, node_ip_address=f"127.0.0.{number}") for number in (2, 3)]
        # Ray would look for this machine's address in the network in place of 127.0.0.1, where the head does not listen.
        monkeypatch.setattr("ray._private.services.get_node_ip_address", lambda address=None: "127.0.0.1")
        ray.init(address=made.address, _node_ip_address="127.0.0.1", logging_level="error", log_to_driver=False)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def expected(pyrelint: str, wheels: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the program prints for each wheel, on this machine and without any of this."""
    found = {}
    for path in sorted(wheels.iterdir()):
        done = subprocess.run([pyrelint, "--output-format", "json", "-q", str(path)], cwd=wheels, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        # Paths in texts are those inside the item, whatever it is called.
        findings = json.loads(done.stdout.decode().replace(f"`{path.name}!/", "`"))

        def place(entry: dict[str, Any], path: Path = path) -> tuple[Any, ...]:
            inside = str(entry["path"]).split("!/", 1)
            assert inside[0].endswith(path.name)
            return (inside[1], *(entry[key] for key in PLACE[1:]))

        found[path.name.split("-")[0]] = [
            (
                *(finding[key] for key in ("code", "name", "severity", "message", "help")),
                *place(finding),
                tuple((related["message"], *place(related)) for related in finding["related"]),
                finding["fix"]["applicability"] if finding["fix"] else None,
            )
            for finding in findings
        ]
    return found


def rows(store: Store, run: str) -> dict[str, list[tuple[Any, ...]]]:
    """The findings of a run by the names of its items, in the same shape."""
    found: dict[str, list[tuple[Any, ...]]] = collections.defaultdict(list)
    for row in store.findings(run).to_pylist():
        related = tuple((place["message"], *(place[key] for key in PLACE)) for place in row["related"])
        keys = ("code", "name", "severity", "message", "help", *PLACE)
        found[Path(row["input"]).name].append((*(row[key] for key in keys), related, row["fix"]))
    return found


def test_a_node_is_killed_and_nothing_is_lost_or_found_twice(cluster: Any, pyrelint: str, wheels: Path, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    names = {}
    for path in sorted(wheels.iterdir()):
        package = path.name.split("-")[0]
        for copy in range(COPIES):
            name = f"{package}{copy:02}-1.0-py3-none-any.whl"
            shutil.copy(path, fleet / name)
            names[name] = package
    (fleet / "poisoned-1.0-py3-none-any.whl").write_bytes((wheels / "uvicorn-1.0-py3-none-any.whl").read_bytes()[:1000])
    single = expected(pyrelint, wheels)
    assert sum(map(len, single.values())) > 100

    store = Store(tmp_path / "out")
    killed: list[int] = []
    victim = cluster.workers[0]

    def kill() -> None:
        """Kills a node once its first results are there, while it works on others."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and not killed:
            for run in store.runs():
                nodes = store.manifest(run.id, ["node"])["node"].to_pylist()
                if any(node.endswith(" 127.0.0.2") for node in nodes):
                    cluster.remove_node(victim, allow_graceful=False)
                    killed.append(len(nodes))
                    return
            time.sleep(0.1)

    watcher = threading.Thread(target=kill)
    watcher.start()
    task = Task(prepare(pyrelint, [], timeout=300), 1 << 30)
    run = execute(store, task, [str(fleet)], Options())
    watcher.join()
    assert killed and killed[0] < len(names) / 2, "the node was killed too late"

    manifest = store.manifest(run.id).to_pylist()
    assert collections.Counter(Path(row["input"]).name for row in manifest) == collections.Counter(
        [*names, "poisoned-1.0-py3-none-any.whl"]
    )
    outcomes = {Path(row["input"]).name: row["outcome"] for row in manifest}
    assert outcomes.pop("poisoned-1.0-py3-none-any.whl") == "unreadable"
    assert set(outcomes.values()) == {"ok"}
    later = [row["node"].split()[-1] for row in manifest]
    assert set(later) == {"127.0.0.2", "127.0.0.3"}

    found = rows(store, run.id)
    poisoned = found.pop("poisoned-1.0-py3-none-any.whl")
    assert [finding[0] for finding in poisoned] == ["RL003"]
    assert set(found) == {name for name, package in names.items() if single[package]}
    for name, package in names.items():
        assert sorted(map(repr, found.get(name, []))) == sorted(map(repr, single[package])), name

    # The second run, with the node that is left, takes everything from the first.
    second = execute(store, task, [str(fleet)], Options())
    assert second.previous == run.id and second.outcomes == run.outcomes
    assert {row["reused"] for row in store.manifest(second.id).to_pylist()} == {True}
    again = rows(store, second.id)
    assert [finding[0] for finding in again.pop("poisoned-1.0-py3-none-any.whl")] == ["RL003"]
    assert {name: sorted(map(repr, items)) for name, items in again.items()} == {
        name: sorted(map(repr, items)) for name, items in found.items()
    }
