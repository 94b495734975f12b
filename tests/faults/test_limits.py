"""Little memory, few files, few threads, small stacks, nobody who reads, and the wish to end it."""

import os
import signal
import subprocess
import time

import pytest
from conftest import FORMATS, HIT, PATIENCE, PYRELINT, codes, environment, found, limits, run


@pytest.mark.parametrize("arguments", [["--output-format", name] for name in FORMATS] + [["--statistics"], ["--fix", "--unsafe-fixes", "--diff"], ["--show-files"], ["rules"], ["config"]], ids=lambda words: words[-1])
def test_nobody_reads_the_output(tree, arguments):
    (tree / "many.py").write_text("import sys\n" + "sys.exit(256)\n" * 3000)
    for stderr in (subprocess.PIPE, subprocess.STDOUT):
        with subprocess.Popen([str(PYRELINT), *arguments], cwd=tree, env=environment(), stdout=subprocess.PIPE, stderr=stderr) as one:
            one.stdout.read(1)
            one.stdout.close()
            said = one.stderr.read() if one.stderr else b""
            assert one.wait(timeout=60) in (0, 1), said
            assert b"panicked" not in said and b"Broken pipe" not in said


def test_output_that_cannot_be_written_is_an_error(tree):
    for name in FORMATS:
        with open("/dev/full", "wb") as full:
            done = run(["--isolated", "-q", "--output-format", name], tree, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 2 and b"No space left" in done.stderr, (name, done)
    with open("/dev/full", "wb") as full:
        done = run(["--isolated", "--output-format", "json"], tree, capture_output=False, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 1


@pytest.mark.parametrize("files", [*range(4, 17), 20, 30, 64])
def test_few_open_files(tree, files):
    """The findings are the same with fewer threads, or there are none and the reason; also those that need another file, or a first line."""
    for number in range(100):
        (tree / f"base{number}.py").write_text("import socket\nclass Base:\n    def __init__(self):\n        self.s = socket.socket()\n    def close(self):\n        self.s.shutdown(2)\n")
        (tree / f"user{number}.py").write_text(f"from base{number} import Base\nclass A(Base):\n    def __del__(self):\n        self.close()\n")
        (tree / f"script{number}").write_text("#!/usr/bin/env python3\n" + HIT)
    (tree / ".git").mkdir()
    (tree / ".gitignore").write_text("f0.py\n")
    arguments = ["--isolated", "--output-format", "concise", "-q", "--jobs", "8"]
    unlimited = run(arguments, tree)
    assert unlimited.returncode == 1 and unlimited.stdout.count(b"\n") >= 399
    for _ in range(5):
        done = run(arguments, tree, preexec_fn=limits(NOFILE=files))
        if files >= 10:
            assert done.stdout == unlimited.stdout
        else:
            assert done.returncode == 2 and f"no more than {files} files may be open at once" in done.stderr.decode() and not done.stdout


def test_a_limit_that_is_used_up_already(tree):
    """Files that the program inherits count, too."""
    inherited = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    try:
        done = run(["--isolated", "-q", "."], tree, preexec_fn=limits(NOFILE=28), pass_fds=inherited)
        assert done.returncode == 2 and b"no more than 28 files may be open at once" in done.stderr
        findings, _ = found(["."], tree, preexec_fn=limits(NOFILE=40), pass_fds=inherited)
        assert codes(findings) == ["RL301"] * 200
    finally:
        for file in inherited:
            os.close(file)


@pytest.mark.parametrize("stack", [64, 256])
def test_a_small_stack(tree, stack):
    findings, _ = found([], tree, preexec_fn=limits(STACK=stack << 10))
    assert codes(findings) == ["RL301"] * 200


@pytest.mark.parametrize("megabytes", [64, 200, 400, 600, 700, 900, 1100, 1500, 2000])
def test_little_memory(tree, megabytes):
    done = run(["--isolated", "-q", "--output-format", "concise", "--jobs", "8"], tree, preexec_fn=limits(AS=megabytes << 20))
    if megabytes >= 700:
        # Enough for one thread with its stack: with fewer threads than were asked for, all is found.
        assert done.returncode == 1 and done.stdout.count(b"RL301") + done.stdout.count(b"exit-code-range") == 200, done
    else:
        assert done.returncode == 2 and b"MB of memory may be addressed; at least" in done.stderr and not done.stdout


@pytest.mark.parametrize("threads", [*range(1, 12), 13, 17, 20, 23])
@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, whom the limit binds")
def test_few_threads(tree, tmp_path, threads):
    for folder in [tree, tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)
    program = [str(PYRELINT), "--isolated", "-q", "--output-format", "concise", "--jobs", "8"]
    limited = ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups", "prlimit", f"--nproc={threads}", *program]
    done = subprocess.run(limited, cwd=tree, env=environment(), capture_output=True, timeout=60)
    assert b"internal error" not in done.stderr and b"panicked" not in done.stderr, done.stderr
    if threads >= 2:
        assert done.returncode == 1 and done.stdout.count(b"\n") == 200, done
    else:
        assert done.returncode == 2 and b"no thread could be started" in done.stderr and not done.stdout, done


def test_one_core_and_many_jobs_say_the_same(tree):
    one, _ = found(["--jobs", "1"], tree, preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
    pinned, _ = found([], tree, preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
    many, _ = found(["--jobs", "64"], tree)
    assert one == pinned == many and len(one) == 200


@pytest.mark.parametrize("number, shown", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_it(tree, number, shown):
    os.mkfifo(tree / "input")
    # A shell's own view of the status. The program waits for standard input, which does not come.
    inner = f'echo $$ >pid.new; mv pid.new pid; exec "{PYRELINT}" --isolated - <>input'
    # Whoever starts the tests in the background has them ignore interrupts, and a shell could not undo that.
    heeds = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(["sh", "-c", f"sh -c '{inner}'; echo $?"], cwd=tree, env=environment(), stdout=subprocess.PIPE, text=True, **heeds) as shell:
        deadline = time.monotonic() + PATIENCE
        while not (tree / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        pid = int((tree / "pid").read_text())
        try:
            while os.readlink(f"/proc/{pid}/exe") != str(PYRELINT) and time.monotonic() < deadline:
                time.sleep(0.02)
            os.kill(pid, number)
            assert shell.communicate(timeout=PATIENCE)[0].split()[-1] == str(shown)
        finally:
            if shell.poll() is None:
                os.kill(pid, signal.SIGKILL)
